// How the page of `explain --html` looks: one set of colours for light, one for dark, and paper.

enum TimelineStyle {
    static let text = """
        :root { color-scheme: light dark;
          --paper: #fdfcf9; --ink: #22262b; --soft: #667080; --line: #dcdfe4; --card: #ffffff;
          --bad: #c2342d; --warn: #a35f00; --vote: #2f6fc4; --good: #1f8a4c; --move: #7b4bc4;
          --detection: #c2342d; --agreement: #c77700; --election: #2f6fc4; --spread: #1f8a4c; }
        @media (prefers-color-scheme: dark) { :root {
          --paper: #15181c; --ink: #e3e6ea; --soft: #98a2b0; --line: #343b44; --card: #1c2126;
          --bad: #f0766e; --warn: #e8a13c; --vote: #74a9f0; --good: #5cc489; --move: #b394ee;
          --detection: #b5453e; --agreement: #a86c14; --election: #3f73b5; --spread: #2f8353; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
        main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
        h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 .5rem; font-weight: 650;
          overflow-wrap: anywhere; }
        h2 { font-size: 1.05rem; margin: 2.25rem 0 .5rem; font-weight: 650; }
        p { margin: .4rem 0; overflow-wrap: anywhere; } .lead { font-size: 1.1rem; }
        .note, footer, .who { color: var(--soft); font-size: .9rem; }
        .who { margin: .75rem 0 0; padding-left: 1.2rem; } footer { margin-top: 2.5rem; }
        .incident + .incident { margin-top: 3rem; border-top: 1px solid var(--line);
          padding-top: 2rem; }
        .bar { display: flex; gap: 2px; height: 2rem; margin: 1.25rem 0 .75rem; }
        .bar i { font-style: normal; font-size: .8rem; color: #fff; padding: 0 .5rem; min-width: 3px;
          line-height: 2rem; overflow: hidden; white-space: nowrap; flex-basis: 0; border-radius: 3px; }
        .bar i:empty { padding: 0; }
        i.detection, b.detection { background: var(--detection); }
        i.agreement, b.agreement { background: var(--agreement); }
        i.election, b.election { background: var(--election); }
        i.spread, b.spread { background: var(--spread); }
        .key { display: inline-block; width: .7em; height: .7em; margin-right: .5em;
          border-radius: 2px; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        .phases th { text-align: left; font-weight: 400; padding: .1rem 1rem .1rem 0; }
        .phases td { text-align: right; padding: .1rem 1rem .1rem 0; white-space: nowrap; }
        .phases td.what { text-align: left; color: var(--soft); white-space: normal; padding-right: 0; }
        .phases .total th, .phases .total td { border-top: 1px solid var(--line); font-weight: 600; }
        .events td { padding: .16rem 0; vertical-align: top; overflow-wrap: anywhere; }
        .events .when { color: var(--soft); padding-right: 1rem; text-align: right; white-space: nowrap; }
        .events .bad td + td { color: var(--bad); } .events .good td + td { color: var(--good); }
        .events .warn td + td { color: var(--warn); } .events .vote td + td { color: var(--vote); }
        .events .move td + td { color: var(--move); } .events .quiet td + td { color: var(--soft); }
        .scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
          border-radius: 6px; padding: .5rem; }
        svg { display: block; width: 100%; height: auto; } .wide { min-width: 44rem; }
        svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
        svg .soft { fill: var(--soft); font-size: 11px; }
        svg .lane { stroke: var(--line); } svg .grid { stroke: var(--line); stroke-dasharray: 2 4; }
        svg .alive { stroke: var(--soft); stroke-width: 3; stroke-linecap: round; opacity: .45; }
        svg .gone { stroke: var(--bad); stroke-width: 3; stroke-dasharray: 1 6; stroke-linecap: round; }
        svg .promoted { stroke: var(--good); stroke-width: 5; stroke-linecap: round; opacity: .75; }
        svg .connector { stroke: var(--soft); stroke-width: 1; opacity: .55; }
        .mark.bad { fill: var(--bad); } .mark.warn { fill: var(--warn); }
        .mark.vote { fill: var(--vote); } .mark.good { fill: var(--good); }
        .mark.move { fill: var(--move); } .mark.quiet { fill: var(--soft); }
        .mark { stroke: var(--card); stroke-width: 1.5; } .mark:hover { stroke: var(--ink); }
        .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0 0; padding: 0;
          list-style: none; font-size: .85rem; color: var(--soft); }
        .legend svg { display: inline-block; width: 14px; height: 14px; vertical-align: -2px;
          margin-right: .35em; }
        @media (max-width: 40rem) { main { padding: 1.25rem .9rem 2rem; } h1 { font-size: 1.2rem; }
          .lead { font-size: 1rem; } .phases td.what { display: none; } body { font-size: 15px; } }
        @media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444;
            --line: #bbb; --card: #fff; --bad: #a00; --warn: #8a5200; --vote: #0b4a9c;
            --good: #0b6b35; --move: #5b2da5; --detection: #c2342d; --agreement: #c77700;
            --election: #2f6fc4; --spread: #1f8a4c; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
          .scroll { overflow: visible; } .wide { min-width: 0; }
          svg, .bar, .phases, .legend, tr { break-inside: avoid; }
          .scroll, h2 { break-after: avoid; } }
        """
}
