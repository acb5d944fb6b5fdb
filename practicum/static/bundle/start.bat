@echo off
rem Sets the course up from this bundle and opens it, on Windows: double click, or  start.bat --help
rem Looks for a Python that the bundle has packages for; start.py does the rest.
setlocal
set "HERE=%~dp0"
set PYTHONUTF8=1
for %%P in ("py -3.13" "py -3.12" "py -3.11" "python" "python3") do (
  set "CHOSEN=%%~P"
  call :fits && goto found
)
echo No Python on this machine can use this bundle. What it finds:
py -0 2>nul || python --version 2>nul || echo   none
echo Install a 64-bit Python that README.txt names, or ask for a bundle for this machine.
if exist "%HERE%site\index.html" echo To read the course meanwhile, without Python, open "%HERE%site\index.html"
pause
exit /b 1

:found
%CHOSEN% "%HERE%start.py" %*
set STATUS=%ERRORLEVEL%
if not "%STATUS%"=="0" pause
exit /b %STATUS%

:fits
%CHOSEN% "%HERE%start.py" --fits >nul 2>nul
exit /b %ERRORLEVEL%
