"""Creates a user with the client that was generated as the package `generated`. Types are checked by its
own: what it answers is a record or a problem, never bare JSON."""
import os

from generated import AuthenticatedClient
from generated.api.users import get_users_telegram_id, post_users
from generated.models import Problem, User, UserNew
from generated.models.problem_code import ProblemCode

client = AuthenticatedClient(base_url=os.environ["URL"], token=os.environ["TOKEN"])

made = post_users.sync(client=client, body=UserNew(telegram_id=4141, devices_max=3))
assert isinstance(made, User) and made.devices_max == 3, made
got = get_users_telegram_id.sync(made.telegram_id, client=client)
assert got == made, got
again = post_users.sync(client=client, body=UserNew(telegram_id=4141))
assert isinstance(again, Problem) and again.code == ProblemCode.USER_EXISTS, again
