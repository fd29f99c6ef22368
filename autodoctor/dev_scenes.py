"""The scenes of `bin/dev --scenario busy`: people, cars, problems and outcomes."""

from dataclasses import dataclass

from autodoctor.booking.management.commands.seed import Person
from autodoctor.summaries.content import Content, PartLine

HOUR, DAY = 60, 24 * 60  # minutes
Lines = tuple[tuple[str, str], ...]

CREW = [
    Person("riley@example.com", "Riley Quinn"),
    Person("jordan@example.com", "Jordan Blake"),
    Person("taylor@example.com", "Taylor Moss"),
    Person("avery@example.com", "Avery Stone"),
    Person("jamie@example.com", "Jamie Lowe"),
    Person("drew@example.com", "Drew Ellis"),
    Person("mechanic3@example.com", "Sam Okafor", headline="Hybrids, batteries and charging"),
    Person("mechanic4@example.com", "Noor Haddad", headline="Diesels, turbos and cooling"),
    Person("mechanic5@example.com", "Ines Duarte", headline="Engines, ignition and fuel"),
    Person("mechanic6@example.com", "Pat Mercer", headline="Ignition, sensors and exhaust"),
    Person("quinn@example.com", "Quinn Harper"),
]


@dataclass(frozen=True)
class GoesOn:
    """Another mechanic goes on with the session; `note` is of the one who leaves."""

    mechanic: str
    note: str
    lines: Lines


@dataclass(frozen=True)
class Scene:
    """A session. Without a mechanic the request waits in the queue; without `lasted_minutes` the session still runs.

    `minutes_ago`: since the booking. People are named by the first part of their address. `lasted_minutes`: from the
    last line to the end by the customer. `spoken`: what the transcript has of a call.
    """

    minutes_ago: float
    customer: str
    plan: str
    car: tuple[int, str, str, int]  # year, make, model, miles
    concern: str
    photo: str  # its caption
    trouble_codes: str = ""
    mechanic: str = ""
    only_for: str = ""  # the mechanic whom the customer asks for, and nobody else
    lines: Lines = ()
    spoken: Lines = ()
    goes_on: GoesOn | None = None
    lasted_minutes: int = 0
    summary: Content | None = None
    stars: int = 5
    praise: str = ""
    question: str = ""  # asked 20 hours after the summary
    is_disputed: bool = False


HISTORY = (
    Scene(
        minutes_ago=9 * DAY,
        customer="customer",
        plan="video",
        car=(2013, "Ford", "F-150", 84_000),
        concern="It clicks and does not start. The dash lights go dim when I turn the key.",
        photo="battery terminals",
        mechanic="mechanic",
        lines=(
            ("mechanic", "Hello! Can you point the camera at the battery?"),
            ("customer", "Here it is. There is something white on the left clamp."),
            ("mechanic", "That is corrosion. Turn the clamp by hand, please: does it move?"),
            ("customer", "Yes, quite a bit."),
        ),
        lasted_minutes=24,
        summary=Content(
            findings="The negative clamp is corroded and loose. The battery holds 12.5 V.",
            steps="Cleaned and tightened the clamp together. The engine started three times in a row.",
            next_steps="Replace the clamp within two weeks.",
            safe="care",
            safe_why="It may not start again while the old clamp is on.",
            parts=(PartLine("Battery clamp, negative", "BC3Z-14450", 1, 1450), PartLine("Terminal grease", "", 1, 690)),
        ),
        praise="Found it in ten minutes.",
    ),
    Scene(
        minutes_ago=5 * DAY,
        customer="customer2",
        plan="chat",
        car=(2011, "Honda", "Civic", 121_000),
        concern="There is a squeal from the front left wheel when I brake slowly.",
        photo="front left brake",
        mechanic="mechanic",
        lines=(
            ("mechanic", "Does the squeal go away when you brake hard?"),
            ("customer", "Yes, only when I roll up to a light."),
            ("mechanic", "On your photo the pad has about 2 mm left. The wear indicator touches the disc."),
        ),
        lasted_minutes=12,
        summary=Content(
            findings="The front pads are worn down to the indicator.",
            steps="Judged the pads and the disc by photos.",
            next_steps="Have both front pads replaced this week, and the discs measured.",
            safe="care",
            safe_why="Leave more distance until the pads are new.",
            parts=(PartLine("Brake pad set, front", "45022-TR0-A01", 1, 4890),),
        ),
        stars=4,
        praise="Clear and quick.",
        is_disputed=True,
    ),
    Scene(
        minutes_ago=2 * DAY,
        customer="customer",
        plan="chat",
        car=(2013, "Ford", "F-150", 84_300),
        concern="The tire pressure light is on, although all four tires are at 35 psi.",
        photo="dash with the light",
        mechanic="mechanic2",
        lines=(
            ("mechanic", "How old are the sensors? Those of 2013 have batteries that last about ten years."),
            ("customer", "They are the first ones."),
        ),
        lasted_minutes=9,
        summary=Content(
            findings="A pressure sensor has most likely an empty battery.",
            steps="Went through the pressures and the age of the sensors.",
            next_steps="Have the sensors read out when the tires are changed.",
            safe="yes",
            safe_why="",
        ),
        question="The shop wants to replace all four sensors at once. Is that right, or is one enough?",
    ),
)

# Over, and the summary is still to be written, with the lines that are proposed from chat and transcript.
RECENT = (
    Scene(
        minutes_ago=75,
        customer="quinn",
        plan="video",
        car=(2014, "Hyundai", "Elantra", 88_500),
        concern="A squeal under the hood when I start the engine in the morning, gone after a minute.",
        photo="drive belt",
        mechanic="mechanic2",
        lines=(("mechanic", "Hello Quinn! Please open the hood and point the camera at the belt."),),
        spoken=(
            ("customer", "Can you see it? It is the one on the right side of the engine."),
            ("mechanic", "Yes. The drive belt is cracked, and it looks like the tensioner is loose."),
            ("customer", "I can move it by hand a little."),
            ("mechanic", "We checked the tension together: it gives 15 mm, that is too much."),
            ("mechanic", "You should replace the drive belt within two weeks, and the tensioner with it."),
        ),
        lasted_minutes=18,
    ),
)

PRESENT = (
    Scene(
        minutes_ago=19,
        customer="quinn",
        plan="chat",
        car=(2014, "Hyundai", "Elantra", 88_500),
        concern="It stutters when I accelerate on the highway, and the check engine light blinks.",
        photo="check engine light",
        mechanic="mechanic5",
        lines=(
            ("mechanic", "Hi Quinn. Which cylinder does the code name?"),
            ("customer", "The reader says P0303."),
            ("mechanic", "Cylinder 3. Please swap the coils of cylinders 2 and 3, and read the code again."),
        ),
        goes_on=GoesOn(
            mechanic="mechanic6",
            note="P0303. The coils of 2 and 3 are being swapped. If the code moves to P0302, it is the coil.",
            lines=(
                ("mechanic", "Hello, I go on from here and have read everything so far. What does the code say now?"),
                ("customer", "Now it says P0302!"),
            ),
        ),
    ),
    Scene(
        minutes_ago=14,
        customer="jamie",
        plan="video",
        car=(2018, "Volkswagen", "Golf", 61_000),
        concern="It loses coolant, and the temperature climbs on the highway.",
        photo="coolant tank",
        mechanic="mechanic4",
        lines=(
            ("mechanic", "I can see and hear you well. Is the engine cold?"),
            ("customer", "Yes, it stood overnight."),
        ),
    ),
    Scene(
        minutes_ago=8,
        customer="drew",
        plan="chat",
        car=(2016, "Toyota", "Prius", 98_000),
        concern="The hybrid system warning comes on when I drive uphill.",
        photo="hybrid warning",
        mechanic="mechanic3",
        lines=(
            ("mechanic", "Hi Drew. When it comes on, does the fan behind the rear seat get loud?"),
            ("customer", "It does! I thought that was normal."),
            ("mechanic", "Its filter is a usual cause. Can you send a photo of the grille beside the seat?"),
        ),
    ),
    Scene(
        minutes_ago=11,
        customer="riley",
        plan="diagnostic",
        car=(2009, "Subaru", "Outback", 143_000),
        concern="Rough idle when it is warm, and the check engine light blinks now and then.",
        trouble_codes="P0301, p0420",
        photo="code reader",
    ),
    Scene(
        minutes_ago=9,
        customer="jordan",
        plan="chat",
        car=(2020, "Kia", "Soul", 38_000),
        concern="A rattle under the floor at about 2,000 rpm, gone when I accelerate.",
        photo="heat shield",
    ),
    Scene(
        minutes_ago=6,
        customer="taylor",
        plan="video",
        car=(2015, "Jeep", "Wrangler", 77_500),
        concern="The steering wheel shakes at 50 mph after I hit a pothole.",
        photo="front wheel",
    ),
    Scene(
        minutes_ago=4,
        customer="avery",
        plan="chat",
        car=(2012, "Mazda", "3", 109_000),
        concern="The air conditioning blows warm air on the driver's side only.",
        photo="vents",
    ),
    Scene(
        minutes_ago=1,
        customer="customer2",
        plan="video",
        car=(2011, "Honda", "Civic", 121_200),
        concern="Oil spots on the driveway, about the size of a coin every morning.",
        photo="oil spot",
        only_for="mechanic",
    ),
)


@dataclass(frozen=True)
class Asked:
    """A question to support without a session. `asker` as in a scene; empty: the visitor Vera."""

    minutes_ago: float
    asker: str
    topic: str
    text: str
    answer: str = ""


VISITOR = Person("vera@example.com", "Vera Lang")
QUESTIONS = (
    Asked(5 * 60, "mechanic4", "mechanics", "My last payout is a day late. Is something missing from my side?"),
    Asked(2, "", "booking", "Do you have somebody who knows a 1972 Volvo with two carburetors?"),
    Asked(
        DAY,
        "customer",
        "payment",
        "Which name stands on my card statement?",
        answer="The Auto Doctor, and the last four digits of your receipt’s number.",
    ),
)
