"""App configuration of riskctl."""

from django.apps import AppConfig


class RiskctlConfig(AppConfig):
    name = "riskctl"
