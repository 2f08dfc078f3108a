from django.db import models
from django.utils import timezone


class Base(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True


class User(Base):
    phone_number = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=200, null=True)
    email = models.EmailField(null=True)
    waiting_user_data = models.CharField(max_length=50, null=True)
    waiting_event_data = models.CharField(max_length=50, null=True)
    current_event_data = models.JSONField(null=True)


class Message(Base):
    class Sender(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    # The index below begins with the user: another one for the key alone would only be written.
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="messages", db_index=False)
    sender = models.CharField(max_length=20, choices=Sender.choices)
    content = models.TextField()
    is_voice = models.BooleanField(default=False)
    timestamp = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "-timestamp", "-id"], name="message_by_user")]


class DialogueContext(Base):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="context")
    data = models.JSONField(default=dict)
