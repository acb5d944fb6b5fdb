"""What the notebook gives to the checks of lesson 03."""


def few_drawings():
    """Seven classes of 20 emoji, each drawn by two artists."""
    rows = [
        {"class": f"class {number // 20}", "base": f"emoji {number}", "artist": artist}
        for number in range(140)
        for artist in ("google", "twitter")
    ]
    return {"rows": rows}


FACTS = {"03.exercise_3": few_drawings}
