// The matrix of `interop` as a page for a browser: one cell a play, with the reason of what did not pass.

import Interop
import Text

/// The matrix as one page that needs nothing else.
enum MatrixPage {
    static func html(_ matrix: Matrix) -> String {
        let head = matrix.servers.map { "<th>\(Markup.escape("\($0)"))</th>" }.joined()
        var body = ""
        for scenario in matrix.scenarios {
            body += "<tr><th title=\"\(Markup.escape(scenario.summary))\">\(scenario.name)</th>"
            for server in matrix.servers {
                let result = matrix.result(scenario, server)
                let kind = Matrix.cell(result)
                let reasons = [result?.reason].compactMap { $0 } + (result?.remarks ?? [])
                let title = Markup.escape(reasons.joined(separator: "; "))
                let style = kind == "-" ? "none" : kind == "ok*" ? "ok" : kind
                body += "<td class=\"\(style)\" title=\"\(title)\">"
                body += "\(kind)</td>"
            }
            body += "</tr>\n"
        }
        return """
            <!doctype html><html lang="en"><meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>Grapevine beside real servers</title>
            <style>
            :root{color-scheme:light dark}
            body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
            div{overflow-x:auto} table{border-collapse:collapse}
            th,td{padding:.3rem .7rem;text-align:left;border-bottom:1px solid #8884}
            td.ok{color:\(Palette.light.green)} td.FAILED{color:\(Palette.light.red);font-weight:bold}
            td.theirs{color:\(Palette.light.yellow)} td.none{color:#8888}
            @media(prefers-color-scheme:dark){td.ok{color:\(Palette.dark.green)}\
            td.FAILED{color:\(Palette.dark.red)}\
            td.theirs{color:\(Palette.dark.yellow)}}
            </style>
            <h1>Grapevine beside real servers</h1>
            <p>ok: passed; ok*: passed, with a remark; theirs: fails with that server alone too; –: cannot apply. Point at a cell
            for the reason, at a name for what holds.</p>
            <div><table><tr><th></th>\(head)</tr>
            \(body)</table></div></html>

            """
    }
}
