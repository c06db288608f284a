"""What a person fills in for an action. A verb without a form here takes a reason and nothing else."""

from dashboard.control.verbs import Verb
from dashboard.web.forms.automations import EditService, EditTask
from dashboard.web.forms.base import ActionForm
from dashboard.web.forms.creation import NewEnvironment, NewService, NewTask
from dashboard.web.forms.environments import DeleteEnvironment, EditEnvironment, KeepAwake
from dashboard.web.forms.ports import EditPorts

FORMS: dict[Verb, type[ActionForm]] = {
    Verb.CREATE_ENVIRONMENT: NewEnvironment,
    Verb.ADD_SERVICE: NewService,
    Verb.ADD_TASK: NewTask,
    Verb.EDIT_ENVIRONMENT: EditEnvironment,
    Verb.EDIT_PORTS: EditPorts,
    Verb.KEEP_AWAKE: KeepAwake,
    Verb.DELETE_ENVIRONMENT: DeleteEnvironment,
    Verb.FORCE_DELETE_ENVIRONMENT: DeleteEnvironment,
    Verb.EDIT_SERVICE: EditService,
    Verb.EDIT_TASK: EditTask,
}

__all__ = ["FORMS", "ActionForm"]
