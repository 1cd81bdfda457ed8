"""What there is to say where something is missing that Trino needs."""

import subprocess

import pytest

from localtrino import jdk, server


def test_an_old_jdk_is_named(tmp_path, monkeypatch):
    java = tmp_path / "old/bin/java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.9\" 2023-10-17' >&2\n")
    java.chmod(0o755)
    for name in ("OCTOLAKE_JDK", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jdk, "DEBIAN", tmp_path)
    with pytest.raises(RuntimeError, match=rf"needs a JDK of 24 or newer, and {java} is 17: install one"):
        jdk.find()
    java.write_text("#!/bin/sh\necho 'openjdk version \"25\" 2025-09-16' >&2\n")
    assert jdk.find() == str(java)


def test_without_maven_it_says_so(tmp_path):
    environment = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(["/bin/sh", server.FETCH], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Maven is missing: install it" in done.stderr
    assert not (tmp_path / "cache").exists()
