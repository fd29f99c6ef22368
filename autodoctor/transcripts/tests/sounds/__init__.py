"""Speech for tests."""

from pathlib import Path

WAV = Path(__file__).with_name("battery.wav")
WEBM = Path(__file__).with_name("battery.webm")
