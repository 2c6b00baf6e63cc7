# SPDX-License-Identifier: GPL-2.0-only
"""The lab. A package so that its conftest is not taken for that of tests/cli."""
