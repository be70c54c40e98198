"""App configuration of config: management commands and templates that belong to no single app."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
