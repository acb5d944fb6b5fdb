"""The exercises and quiz questions of each notebook: lesson_01 belongs to notebook 01, and so on.

They need no TensorFlow. What is asked, what is right, and what each misconception is told stands here, apart from
how it is checked and shown (practicum.exercises).
"""
