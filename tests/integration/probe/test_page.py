# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The page for people in a real browser: nothing runs, nothing is fetched, nothing is cut off, all can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import page, report, runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load import calibrate, pacer
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client
from tests.integration.probe.browser import Page, chromium, program

pytestmark = pytest.mark.skipif(not program(), reason="no Chromium on this machine (apt install chromium)")

HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)></bdi></td><svg/onload=alert(2)> javascript:alert(3) "
    "<style>*{display:none}</style> & \"quotes\" 'too' \u202e \x00 " + "unbroken" * 60
)
WIDTHS = {"wide": 1280, "phone": 390}
# Text whose colours are too close together (WCAG 2.2, 1.4.3: 4.5 to 1).
PALE = """
(() => {
  const parse = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const light = rgb => rgb.slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const rgb = parse(getComputedStyle(e).backgroundColor);
      if (rgb.length === 3 || rgb[3] > 0) return rgb;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.tagName === 'title') continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(element.closest('svg') ? style.fill : style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.add(`${element.className.baseVal || element.className}: ${ratio.toFixed(2)}`);
  }
  return [...found];
})()
"""
# Elements that stick out of the page and cannot be scrolled to inside of it.
OUTSIDE = """
[...document.querySelectorAll('main *')].filter(e => !e.closest('.wide') && !e.closest('svg') &&
  (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
  .map(e => e.outerHTML.slice(0, 80))
"""


def measured() -> dict[str, Any]:
    """The report of a real load, with a limit that it keeps and one that it does not."""
    load = {"name": "load", "label": "8 streams", "concurrency": 8, "requests": 64, "max_tokens": 16, "ramp": 0.1}
    load["slo"] = {"ttft_p99_ms": 5000, "requests_per_second": 1_000_000}
    with calibrate.paced(0.02, 0.005, 16) as url:
        session = Session(Client(url_target(url)), pacer.MODEL, timeout=20, request_timeout=20)
        found = runner.run(session, specs.parse(["live", {"name": "chat_stream", "max_tokens": 16}, load]))
    return report.document(found, "measured")


def hostile() -> dict[str, Any]:
    """A report in which every text wants to be more than that."""
    cases = [{"name": HOSTILE, "result": "failed", "status": 500, "evidence": HOSTILE, "reason": HOSTILE}]
    results = [
        runner.Result("chat", HOSTILE, False, "failed", evidence=HOSTILE, reason=HOSTILE),
        runner.Result("errors", "errors", False, "skipped", reason=HOSTILE, details={"cases": cases}),
        runner.Result("spread", "spread", False, "passed", details={"workers": {HOSTILE: 2}}),
    ]
    found = runner.Outcome(HOSTILE, HOSTILE, "2026-01-31T12:00:00.000Z", 1.5, results, HOSTILE, [HOSTILE])
    said = {"role": HOSTILE, "content": HOSTILE, "reasoning": HOSTILE, "tool_calls": [HOSTILE]}
    found.transcript.append({"check": HOSTILE, "messages": [said]})
    return report.document(found, HOSTILE)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser that shows the page of both reports."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page.html(measured(), hostile(), title=f"all {HOSTILE}"), encoding="utf-8", errors="replace")
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        found.open(path)
        yield found


def test_nothing_runs_and_nothing_is_fetched(browser: Page) -> None:
    assert browser.value("document.querySelectorAll('script, img, iframe, object, embed, base, form').length") == 0
    assert browser.value("document.querySelectorAll('style').length") == 1
    handlers = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
    assert browser.value(handlers) == []
    assert (
        browser.value("document.querySelectorAll('#r2 .said')[0].textContent").count("<script>alert('x')</script>") == 4
    )
    assert browser.noise == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_everything_is_seen(browser: Page, tmp_path: Path, scheme: str, width: int) -> None:
    browser.look(width, scheme)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(OUTSIDE) == []
    assert browser.value(PALE) == []
    dark = browser.value("getComputedStyle(document.documentElement).backgroundColor") == "rgb(13, 17, 23)"
    assert dark == (scheme == "dark")
    browser.picture(tmp_path / f"{scheme}-{width}.png")
    assert (tmp_path / f"{scheme}-{width}.png").read_bytes().startswith(b"\x89PNG")


def test_paper(browser: Page, tmp_path: Path) -> None:
    # A4 without its margins; a dark screen makes no dark paper.
    browser.look(680, "dark", "print")
    assert browser.value("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.value(PALE) == []
    assert browser.value(OUTSIDE.replace("!e.closest('.wide') && ", "")) == []
    assert browser.value("document.documentElement.scrollWidth") <= 680
    browser.picture(tmp_path / "print.png")
    assert browser.paper().startswith(b"%PDF")
    browser.look(1280)


def test_charts_are_drawn(browser: Page) -> None:
    browser.look(1280)
    labels = browser.value("[...document.querySelectorAll('#r1 svg')].map(e => e.getAttribute('aria-label'))")
    assert [label.split(":")[0] for label in labels[:3]] == ["First token", "Between tokens", "Whole answer"]
    assert labels[0].startswith("First token: 64 values, p50 ")
    assert labels[1].startswith(f"Between tokens: {64 * 15} values")
    assert "requests in flight" in labels[3]
    # No text of a chart lies outside of it.
    outside = """[...document.querySelectorAll('svg text')].filter(e => { const [a, b] = [e.getBoundingClientRect(),
      e.ownerSVGElement.getBoundingClientRect()]; return a.left < b.left - 1 || a.right > b.right + 1 ||
      a.top < b.top - 1 || a.bottom > b.bottom + 1 }).map(e => e.textContent)"""
    assert browser.value(outside) == []
