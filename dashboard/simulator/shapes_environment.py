"""What the writing requests about environments may hold: field by field, in the order of the .proto files."""

from dashboard.simulator import enums
from dashboard.simulator.shapes import (
    FLAG,
    ID,
    IDLE_TIME,
    PATH,
    PLAIN,
    ByKey,
    Each,
    Enum,
    Integer,
    Kind,
    Shape,
    Text,
    Time,
)

TRIGGER = Shape(fields=dict.fromkeys(enums.TRIGGERS, FLAG))

INITIALIZER = Shape(
    fields={
        "specs": Each(
            of=Shape(
                fields={
                    "contextUrl": Shape(fields={"url": Text(uri=True)}),
                    "git": Shape(
                        fields={
                            "remoteUri": PLAIN,
                            "upstreamRemoteUri": PLAIN,
                            "targetMode": Enum(known=enums.CLONE_TARGET_MODES),
                            "cloneTarget": PLAIN,
                            "checkoutLocation": PLAIN,
                        }
                    ),
                },
                one_of={"spec": ("git", "contextUrl")},
            )
        )
    }
)
PORTS = Each(
    of=Shape(
        fields={
            "port": Integer(least=1024, most=65535),
            "admission": Enum(known=enums.ADMISSION_LEVELS),
            "name": Text(shortest=1, longest=100),
            "protocol": Enum(known=enums.PORT_PROTOCOLS),
        }
    )
)
_MOUNTS = (
    "filePath", "environmentVariable", "gitCredentialHost", "containerRegistryBasicAuthHost", "apiOnly",
)  # fmt: skip
SECRETS = Each(
    of=Shape(
        fields={
            **dict.fromkeys(("id", "name", "source", "sourceRef", "session", *_MOUNTS[:4]), PLAIN),
            "apiOnly": FLAG,
            "scope": Enum(known=enums.SECRET_SCOPES),
        },
        one_of={"mount": _MOUNTS},
    )
)
_ACTION = Enum(known=enums.KERNEL_ACTIONS)
_EXEC_FLAGS = ("enabled", "resolveBareNames", "untouchable", "watch", "denyBlockDevices")
KERNEL_CONTROLS = Shape(
    fields={
        "veto": Shape(
            fields={
                "exec": Shape(
                    fields={
                        **dict.fromkeys(_EXEC_FLAGS, FLAG),
                        "denylist": Each(of=PLAIN),
                        "action": _ACTION,
                    }
                )
            }
        )
    }
)
CONTENT: dict[str, Kind] = {
    "session": PLAIN,
    "initializer": INITIALIZER,
    "gitUsername": PLAIN,
    "gitEmail": PLAIN,
}
TIMEOUT = Shape(fields={"disconnected": IDLE_TIME})

SPEC = Shape(
    fields={
        "desiredPhase": Enum(known=enums.ENVIRONMENT_PHASES),
        "machine": Shape(fields={"session": PLAIN, "class": PLAIN, "preferDualDisk": FLAG}),
        "content": Shape(fields=CONTENT),
        "secrets": SECRETS,
        "ports": PORTS,
        "timeout": TIMEOUT,
        "admission": Enum(known=enums.ADMISSION_LEVELS),
        "devcontainer": Shape(
            fields={
                "session": PLAIN,
                "devcontainerFilePath": PATH,
                "dotfiles": Shape(fields={"repository": Text(required=True, uri=True)}),
                "defaultDevcontainerImage": PLAIN,
                "lifecycleStage": Enum(known=enums.LIFECYCLE_STAGES, defined_only=True),
            }
        ),
        "sshPublicKeys": Each(of=Shape(fields={"id": PLAIN, "value": PLAIN})),
        "automationsFile": Shape(
            fields={"session": PLAIN, "automationsFilePath": PATH, "triggerFilter": Each(of=TRIGGER)}
        ),
        "workflowActionId": Text(uuid=True, presence=True),
        "kernelControlsConfig": KERNEL_CONTROLS,
        "securityPolicyId": Text(uuid=True, skip_empty=True),
    }
)
_SESSION = Text(uuid=True, skip_empty=True)
_NAME = Text(longest=80, presence=True)
_ANNOTATIONS = ByKey(of=PLAIN)

CREATE = Shape(fields={"spec": SPEC, "name": _NAME, "annotations": _ANNOTATIONS, "sessionId": _SESSION})
CREATE_FROM_PROJECT = Shape(fields={"projectId": ID, **CREATE.fields})
UPDATE = Shape(
    fields={
        "environmentId": ID,
        "metadata": Shape(fields={"name": Text(longest=128, presence=True), "lockdownAt": Time()}),
        "spec": Shape(
            fields={
                "content": Shape(fields=CONTENT),
                "sshPublicKeys": Each(of=Shape(fields={"id": PLAIN, "value": PLAIN})),
                "devcontainer": Shape(fields={"session": PLAIN, "devcontainerFilePath": PATH}),
                "ports": PORTS,
                "timeout": TIMEOUT,
                "automationsFile": Shape(fields={"session": PLAIN, "automationsFilePath": PATH}),
                "kernelControlsConfig": KERNEL_CONTROLS,
            }
        ),
    }
)
MARK_ACTIVE = Shape(
    fields={
        "environmentId": ID,
        "activitySignal": Shape(fields={"source": Text(shortest=3, longest=80), "timestamp": Time()}),
    }
)
DELETE = Shape(fields={"environmentId": ID, "force": FLAG})
ACCESS_TOKEN = Shape(fields={"environmentId": Text(uuid=True, required=True)})
JUST_THE_ENVIRONMENT = Shape(fields={"environmentId": ID})
