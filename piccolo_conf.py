"""Where Piccolo looks for the engine and the tables."""

from piccolo.conf.apps import AppRegistry

from backend.database import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["backend.piccolo_app"])
