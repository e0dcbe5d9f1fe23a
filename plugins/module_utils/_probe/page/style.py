# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The page's style: quiet, light and dark by the reader's own choice, and black on white on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --faint: #eff2f5; --box: #f6f8fa;
  --good: #116329; --good-box: #dafbe1; --bad: #a40e26; --bad-box: #ffebe9; --none: #59636e; --none-box:
    #eaeef2;
  --accent: #0550ae; --bar: #9ec5f4; --second: #8250df; --first: #54aeff; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #30363d; --faint: #1c2128; --box: #151b23;
  --good: #56d364; --good-box: #12261e; --bad: #ff8f87; --bad-box: #2d1214; --none: #9198a1; --none-box:
    #212830;
  --accent: #79c0ff; --bar: #1f4f86; --second: #d2a8ff; --first: #388bfd; } }
@media print { :root { color-scheme: light;
  --paper: #ffffff; --ink: #000000; --soft: #444c56; --line: #c6ccd2; --faint: #eceff2; --box: #f6f8fa;
  --good: #116329; --good-box: #ffffff; --bad: #a40e26; --bad-box: #ffffff; --none: #444c56; --none-box:
    #ffffff;
  --accent: #0550ae; --bar: #a8c8ee; --second: #6639ba; --first: #54aeff; } }
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0; overflow-wrap: anywhere;
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; margin: 0; font-weight: 650; }
h2 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; margin: 0; font-weight: 650; }
h3 { font-size: 1.05rem; margin: 0 0 .6rem; font-weight: 650; }
h4 { font-size: .8rem; margin: 0 0 .4rem; color: var(--soft); font-weight: 600; }
p { margin: 0 0 .5rem; }
section { margin-top: 2.5rem; }
article + article, .top + .wide + article, .overview { margin-top: 1.5rem; }
article:not(:first-child) { border-top: 1px solid var(--line); padding-top: 2.5rem; margin-top: 3rem; }
h1 .state, h2 .state { font-size: .875rem; vertical-align: middle; margin-left: .5rem; letter-spacing: 0; }
.kicker { color: var(--soft); font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; margin: 0 0
  .25rem; }
.lead, .soft, .note { color: var(--soft); }
.note { font-size: .875rem; }
.lead { max-width: 62rem; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 2px; }
bdi { overflow-wrap: anywhere; }
.id, code { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
.state { display: inline-block; white-space: nowrap; font-weight: 600; font-size: .8rem; line-height: 1.5;
  border-radius: 1rem; padding: .05rem .6rem; }
.state.passed { color: var(--good); background: var(--good-box); }
.state.failed { color: var(--bad); background: var(--bad-box); }
.state.skipped { color: var(--none); background: var(--none-box); }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1rem 0 0; }
.facts dt, .tiles dt { color: var(--soft); font-size: .8rem; }
.facts dd, .tiles dd { margin: 0; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); margin: 2rem 0 0;
  border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; gap: 1px; }
.tiles div { box-shadow: 0 0 0 1px var(--line); padding: .9rem 1.1rem; }
.tiles dd { font-size: 1.6rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums;
  letter-spacing: -.01em; }
.tiles small { font-size: .85rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.tiles dd.soft { font-size: .8rem; font-weight: 400; letter-spacing: 0; }
.trouble { margin: 2rem 0 0; padding: 1rem 1.25rem; border: 1px solid var(--bad); border-left-width: 4px;
  border-radius: .375rem; background: var(--bad-box); }
.trouble h3 { color: var(--bad); margin: 0 0 .4rem; }
.trouble ul { margin: 0; padding-left: 1.1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: baseline; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid
  var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .8rem; font-weight: 500; border-bottom-color: var(--soft);
  white-space: nowrap; }
tbody th[scope=row] { font-weight: 600; min-width: 10rem; }
th small { display: block; font-weight: 400; color: var(--soft); }
.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
th.n, td.n { padding-left: .75rem; }
.checks td:last-child { width: 99%; min-width: 18rem; padding-left: .75rem; }
.checks th:last-child { padding-left: .75rem; }
.checks td p { margin: 0; }
.checks p + p { color: var(--soft); font-size: .9rem; }
.checks .failed .why { color: var(--bad); font-weight: 600; }
.checks .skipped .why { color: var(--soft); }
table.small { font-size: .85rem; width: auto; min-width: 50%; margin: .5rem 0 .35rem; }
.small th, .small td { padding-top: .25rem; padding-bottom: .25rem; border-bottom-color: var(--faint); }
.small thead th { border-bottom-color: var(--line); font-weight: 500; }
.checks .small td:last-child { width: auto; min-width: 0; padding-left: 0; }
.checks .small td.n:last-child, .checks .small th.n:last-child { padding-left: .75rem; }
.checks .small th:last-child { padding-left: 0; }
.small .state { font-size: .75rem; }
.small td:first-child { min-width: 10.75rem; }
.percentiles { margin: 1rem 0; }
.wide > .limits { margin: 0 0 1.75rem; }
.shares { list-style: none; margin: .5rem 0 .35rem; padding: 0; font-size: .85rem; }
.shares li { display: grid; grid-template-columns: minmax(9rem, 12rem) 1fr 2.5rem; gap: .75rem; align-items:
  center; }
.shares b { font-weight: 500; text-align: right; }
.track { background: var(--faint); border-radius: 2px; height: .5rem; }
.track i { display: block; height: 100%; background: var(--first); border-radius: 2px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1rem
  1.5rem; margin: 0 0 1.25rem; }
svg { display: block; width: 100%; height: auto; font-family: inherit; }
svg.line { min-width: 40rem; margin: 0 0 1rem; }
.tick { fill: var(--soft); font-size: 10.5px; }
.head { fill: var(--ink); font-size: 12px; font-weight: 600; }
.grid { stroke: var(--faint); }
.axis { stroke: var(--soft); }
.bar { fill: var(--bar); }
.share { fill: none; stroke: var(--accent); stroke-width: 1.6; stroke-linejoin: round; }
line.mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 3; }
text.mark { fill: var(--ink); font-size: 10.5px; font-weight: 500; }
line.p99 { stroke: var(--second); }
text.p99 { fill: var(--second); }
.flight, .rate { fill: var(--bar); stroke: var(--accent); stroke-width: 1; stroke-linejoin: round; }
.lost { fill: var(--bad); }
.talk { margin: 0 0 1.5rem; }
.said { max-width: 50rem; margin: 0 0 .5rem; padding: .65rem 1rem; border-radius: .5rem; }
.said.mine { background: var(--box); border: 1px solid var(--line); }
.said.its { border: 1px solid var(--line); margin-left: 2rem; }
.said p { margin: .15rem 0 0; white-space: pre-wrap; }
.who { color: var(--soft); font-size: .8rem; }
.thought { color: var(--soft); font-style: italic; }
.said b { font-weight: 500; color: var(--soft); font-size: .8rem; font-style: normal; }
.requests .id { white-space: nowrap; }
.requests .span { display: flex; width: 9rem; height: .5rem; background: var(--faint); border-radius: 2px;
  overflow: hidden; }
.requests .span i { background: var(--first); }
.requests .span .rest { background: var(--bar); }
@media screen and (max-width: 46rem) { main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  .said.its { margin-left: .75rem; }
  .checks > thead { display: none; }
  .checks, .checks > tbody { display: block; }
  .checks > tbody > tr { display: grid; grid-template-columns: 1fr auto auto; gap: .15rem .75rem; padding: .6rem 0;
    border-bottom: 1px solid var(--line); align-items: baseline; }
  .checks > tbody > tr > * { border: 0; padding: 0; min-width: 0; }
  .checks > tbody > tr > td:last-child { grid-column: 1 / -1; width: auto; min-width: 0; padding: 0; }
  .checks > tbody > tr > .n::after { content: " s"; }
  .small td:first-child { min-width: 7rem; }
  .shares li { grid-template-columns: minmax(7rem, 9.5rem) 1fr 1.5rem; }
}
@page { margin: 15mm; }
@media print { main { max-width: none; padding: 0; }
body { font-size: 10pt; }
section { margin-top: 1.5rem; }
  .wide { overflow: visible; }
  tr, svg, .said, .tiles, .trouble { break-inside: avoid; }
  h3, h4, .lead { break-after: avoid; }
  .state { border: 1px solid currentColor; }
  article:not(:first-child) { break-before: page; border: 0; padding: 0; margin: 0; }
  a { color: inherit; text-decoration: none; }
  svg.line { min-width: 0; }
  .charts { grid-template-columns: repeat(3, 1fr); }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); }
  .tiles dd { font-size: 1.25rem; }
  .requests { font-size: 9pt; }
  tbody th[scope=row] { min-width: 7.5rem; font-size: 9.5pt; }
  .small td:first-child { min-width: 5rem; }
  table.small { font-size: 8.5pt; }
  .requests .id { white-space: normal; }
  .requests .span { width: 4rem; }
  .bar, .flight, .rate, .track i, .span i { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
