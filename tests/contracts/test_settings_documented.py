"""Every setting stands in docs/settings.md with its default, and nothing else does."""

import re

from gridmgmt.settings import PROJECT_DIR, Settings


def test_every_setting_is_documented() -> None:
    page = (PROJECT_DIR / "docs" / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    assert documented == set(Settings.model_fields)


def test_the_documented_environment_is_the_real_one(monkeypatch, tmp_path) -> None:
    for name, value in {"GRIDMGMT_PORT": "8123", "GRIDMGMT_LANG": "en", "DATABASE_URL": "postgresql://x/y"}.items():
        monkeypatch.setenv(name, value)
    settings = Settings(data=tmp_path)
    assert (settings.port, settings.lang) == (8123, "en")
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://x/y"
