"""The verbs of the original `storage.py`, as Django's documentation shows them."""

from django.db import transaction

from .models import DialogueContext, Message, User


def store_message(user_id, sender, content):
    return Message.objects.create(user_id=user_id, sender=sender, content=content)


def store_messages(user_id, lines):
    return Message.objects.bulk_create(
        Message(user_id=user_id, sender=sender, content=content) for sender, content in lines
    )


def retrieve_history(user_id, limit):
    newest = Message.objects.filter(user_id=user_id).order_by("-timestamp", "-id")[:limit]
    return list(reversed(newest))


def store_context(user_id, data):
    context, _ = DialogueContext.objects.update_or_create(user_id=user_id, defaults={"data": data})
    return context


def merge_context(user_id, patch):
    with transaction.atomic():
        context = DialogueContext.objects.select_for_update().get(user_id=user_id)
        context.data = {**context.data, **patch}
        context.save(update_fields=["data", "modified"])
    return context


def turn(phone_number, said, answer):
    """What a bot does when somebody says something. What it writes, it writes in one transaction."""
    user = User.objects.get(phone_number=phone_number)
    context = DialogueContext.objects.get(user=user)
    retrieve_history(user.pk, 20)
    with transaction.atomic():
        store_messages(user.pk, [("user", said), ("assistant", answer)])
        context.data = {**context.data, "lastSaid": said, "turns": context.data.get("turns", 0) + 1}
        context.save(update_fields=["data", "modified"])
