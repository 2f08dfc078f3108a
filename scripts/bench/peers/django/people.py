"""The people of a scene, and what each of the bench's verbs does for the next of them."""

from itertools import count

from django.core.management import call_command

from assistant import storage
from assistant.models import DialogueContext, User

PAGE = 50
BATCH = 1000


class People:
    def __init__(self, users, texts, history=0, context=None):
        """As many as asked for, each with a context and a history of that length, in tables of their own."""
        call_command("migrate", verbosity=0)
        self.context = context or {}
        self.texts = texts
        # `next()` of these is atomic: threads share them.
        self.saying = count()
        self.calling = count()
        people = User.objects.bulk_create(User(phone_number=phone_of(user)) for user in range(users))
        DialogueContext.objects.bulk_create(DialogueContext(user=user, data=self.context) for user in people)
        self.ids = [user.pk for user in people]
        for user_id in self.ids:
            for said in range(0, history, BATCH):
                storage.store_messages(user_id, self.lines(min(BATCH, history - said)))

    def verb(self, name, per_call):
        """A function without arguments, for threads to call."""
        return {
            "storeLine": lambda: storage.store_message(self.next_id(), "user", self.next_text()),
            "storeLines": lambda: storage.store_messages(self.next_id(), self.lines(per_call)),
            "newest": self.newest,
            "replaceContext": lambda: storage.store_context(
                self.next_id(), {**self.context, "lastSaid": self.next_text()}
            ),
            "mergeContext": self.merge_context,
            "turn": lambda: storage.turn(phone_of(self.next_user()), self.next_text(), self.next_text()),
        }[name]

    def newest(self):
        page = storage.retrieve_history(self.next_id(), PAGE)
        if len(page) != PAGE:
            raise ValueError(f"{len(page)} messages instead of {PAGE}")

    def merge_context(self):
        user = self.next_user()
        storage.merge_context(self.ids[user], {"lastSaid": self.next_text(), "turns": user})

    def lines(self, length):
        return [("assistant" if line % 2 else "user", self.next_text()) for line in range(length)]

    def next_user(self):
        return next(self.calling) % len(self.ids)

    def next_id(self):
        return self.ids[self.next_user()]

    def next_text(self):
        return self.texts[next(self.saying) % len(self.texts)]


def phone_of(user):
    return f"+55 11 9{user:08d}"
