"""What the writing requests about services and tasks may hold: field by field, in the order of the .proto files."""

from dashboard.simulator import enums
from dashboard.simulator.shapes import (
    FLAG,
    ID,
    PLAIN,
    REFERENCE,
    ByKey,
    Duration,
    Each,
    Enum,
    Kind,
    Shape,
    Text,
    Time,
)
from dashboard.simulator.shapes_environment import TRIGGER

_DAY = 86_400
_NAME = Text(shortest=1)
_NEW_NAME = Text(shortest=1, presence=True)
_TRIGGERS = Each(of=TRIGGER)
_NEW_TRIGGERS = Shape(fields={"trigger": _TRIGGERS})
_PHASE = Enum(known=enums.SERVICE_PHASES, defined_only=True)
_ROLE = Enum(known=enums.SERVICE_ROLES)
_READINESS = Duration(most=_DAY)
_WORDS = Each(of=Text(among=("manual", "postEnvironmentStart", "postDevcontainerStart", "prebuild")))
_IDS = Each(of=ID)

COMMANDS = Shape(fields={"start": Text(shortest=1), "ready": PLAIN, "stop": PLAIN})
RUNS_ON = Shape(
    fields={
        "docker": Shape(fields={"image": Text(shortest=1), "environment": Each(of=PLAIN)}),
        "machine": Shape(fields={}),
    }
)
ENV = Each(
    of=Shape(
        fields={
            "name": Text(shortest=1),
            "value": PLAIN,
            "valueFrom": Shape(fields={"secretRef": Shape(fields={"id": ID})}),
        }
    )
)
_SUBJECT = Shape(
    fields={
        "id": Text(uuid=True, skip_empty=True),
        "principal": Enum(known=enums.PRINCIPALS, defined_only=True),
    }
)
_METADATA: dict[str, Kind] = {
    "reference": Text(pattern=REFERENCE),
    "name": _NAME,
    "description": PLAIN,
    "createdAt": Time(),
    "creator": _SUBJECT,
    "triggeredBy": _TRIGGERS,
}

CREATE_SERVICE = Shape(
    fields={
        "environmentId": ID,
        "metadata": Shape(fields={**_METADATA, "role": _ROLE}),
        "spec": Shape(
            fields={
                "desiredPhase": _PHASE,
                "commands": COMMANDS,
                "session": PLAIN,
                "runsOn": RUNS_ON,
                "env": ENV,
                "readinessTimeout": _READINESS,
            }
        ),
    }
)
_TASK_SPEC = Shape(fields={"command": PLAIN, "runsOn": RUNS_ON, "env": ENV, "prebuildRequiresSuccess": FLAG})
CREATE_TASK = Shape(
    fields={"environmentId": ID, "metadata": Shape(fields=_METADATA), "spec": _TASK_SPEC, "dependsOn": _IDS}
)
UPDATE_SERVICE = Shape(
    fields={
        "id": ID,
        "metadata": Shape(
            fields={"name": _NEW_NAME, "description": PLAIN, "triggeredBy": _NEW_TRIGGERS, "role": _ROLE}
        ),
        "spec": Shape(
            fields={
                "commands": Shape(fields={"start": PLAIN, "ready": PLAIN, "stop": PLAIN}),
                "runsOn": RUNS_ON,
                "env": ENV,
                "readinessTimeout": _READINESS,
            }
        ),
        "status": Shape(
            fields={
                "phase": _PHASE,
                "failureMessage": PLAIN,
                "logUrl": PLAIN,
                "session": PLAIN,
                "output": ByKey(of=PLAIN),
            }
        ),
    }
)
UPDATE_TASK = Shape(
    fields={
        "id": ID,
        "metadata": Shape(fields={"name": _NEW_NAME, "description": PLAIN, "triggeredBy": _NEW_TRIGGERS}),
        "spec": _TASK_SPEC,
        "dependsOn": _IDS,
    }
)
DELETE_SERVICE = Shape(fields={"id": ID, "force": FLAG})
DELETE_TASK = Shape(fields={"id": ID})

_KEYS = Text(pattern=REFERENCE)
_FILE_SERVICE = Shape(
    fields={
        "name": _NAME,
        "description": PLAIN,
        "commands": COMMANDS,
        "triggeredBy": _WORDS,
        "runsOn": RUNS_ON,
        "role": Text(among=("", "default", "editor", "ai-agent")),
        "readinessTimeout": _READINESS,
    }
)
_FILE_TASK = Shape(
    fields={
        "name": _NAME,
        "description": PLAIN,
        "command": Text(shortest=1),
        "dependsOn": Each(of=PLAIN),
        "triggeredBy": _WORDS,
        "runsOn": RUNS_ON,
        "prebuildRequiresSuccess": FLAG,
    }
)
UPSERT = Shape(
    fields={
        "environmentId": ID,
        "automationsFile": Shape(
            fields={
                "services": ByKey(of=_FILE_SERVICE, keys=_KEYS),
                "tasks": ByKey(of=_FILE_TASK, keys=_KEYS),
            }
        ),
    }
)
