import BallastModel
import BallastUnits

/// Decisions of one kind that the page lists; the file has more.
private let decisionRowsMax = 100
/// Moments that are unfolded from the start.
private let momentsOpen = 2

/// Why: the moments where VMs lacked most, level by level, and refusals, moves and restarts with their reasons.
func whySection(_ data: RunData) -> String {
  guard let explanations = data.explanations else {
    return "<p class=\"note\">This run has no <code>explanations.json</code>.</p>"
  }
  var html = explanations.moments.enumerated()
    .map { momentCard($1, isOpen: $0 < momentsOpen) }.joined()
  if html.isEmpty {
    html =
      "<p class=\"note\">"
      + escaped(
        explanations.note.isEmpty
          ? "At no decision did a VM want more than it was entitled to." : explanations.note)
      + "</p>"
  } else {
    html = "<div class=\"whys\">" + html + "</div>"
  }
  html += decisions("Refused", explanations.refusals)
  html += decisions("Moved", explanations.moves)
  html += decisions("Started again", explanations.restarts)
  return html
    + "<p class=\"note\">Any other VM and moment: <code>ballast explain DIR --vm NAME --at TIME</code>.</p>"
}

private func momentCard(_ moment: RunExplanations.Moment, isOpen: Bool) -> String {
  let explanation = moment.explanation
  let reason =
    moment.reason == "expectation"
    ? "its worst sample under the expectation “\(moment.expectation)”"
    : "wanted \(percent(Double(moment.unmet.value) / 10_000)) of its size more than it was entitled to"
  var body = ""
  if let cpu = explanation.cpu { body += entitlement("CPU", cpu) }
  // Memory is shown where it explains something: where less was granted than wanted.
  if let memory = explanation.memory,
    memory.dynamicEntitlement < memory.observedDemand ?? memory.size
  {
    body += entitlement("Memory", memory)
  }
  if explanation.cpu == nil { body += sentences(explanation.stateSentences) }
  return render(
    """
    <details class="drill why"{{#open}} open="open"{{/open}}><summary>{{{vm}}} <span class="place">\
    at {{{time}}} on {{{host}}}: {{{reason}}}</span></summary><div class="inside">{{{body}}}</div></details>
    """,
    [
      "open": isOpen, "vm": escaped(explanation.vm),
      "time": escaped(VMExplanation.clock(explanation.time)),
      "host": escaped(explanation.host ?? "no host"), "reason": escaped(reason), "body": body,
    ])
}

private func entitlement(_ title: String, _ explanation: EntitlementExplanation) -> String {
  let rows: [[String: Any]] = explanation.table.map { row in
    [
      "name": escaped(row[0]), "cells": row.dropFirst().dropLast().map(escaped),
      "bound": escaped(row.last!),
    ]
  }
  let header = EntitlementExplanation.tableHeader
  return render(
    """
    <h4>{{title}}</h4><div class="scroll" tabindex="0" role="region" aria-label="{{title}} by level">\
    <table class="levels"><thead><tr><th>{{first}}</th>{{#header}}<th class="num">{{.}}</th>{{/header}}\
    <th>{{last}}</th></tr></thead><tbody>{{#rows}}<tr><th>{{{name}}}</th>{{#cells}}<td class="num">{{{.}}}</td>\
    {{/cells}}<td>{{{bound}}}</td></tr>{{/rows}}</tbody></table></div>
    """,
    [
      "title": title, "first": header[0], "header": Array(header.dropFirst().dropLast()),
      "last": header[header.count - 1], "rows": rows,
    ]) + sentences(explanation.sentences())
}

private func sentences(_ texts: [String]) -> String {
  "<ul class=\"because\">" + texts.map { "<li>\(escaped($0))</li>" }.joined() + "</ul>"
}

private func decisions(_ title: String, _ decisions: RunExplanations.Decisions) -> String {
  guard decisions.count > 0 else { return "" }
  let rows: [[String: Any]] = decisions.records.prefix(decisionRowsMax).map { record in
    [
      "time": escaped(VMExplanation.clock(record.time)), "vm": escaped(record.vm),
      "text": record.sentences.map { escaped($0) }.joined(separator: "<br/>"),
    ]
  }
  let left = decisions.count - rows.count
  return render(
    """
    <h3>{{title}} <span class="place">{{count}}</span></h3><div class="scroll tall" tabindex="0" role="region" \
    aria-label="{{title}}"><table class="events"><thead><tr><th class="num">Time</th><th>VM</th>\
    <th>Why</th></tr></thead><tbody>{{#rows}}<tr><td class="num">{{{time}}}</td><td>{{{vm}}}</td>\
    <td class="detail">{{{text}}}</td></tr>{{/rows}}</tbody></table></div>\
    {{#left}}<p class="note">{{{left}}}</p>{{/left}}
    """,
    [
      "title": title, "count": count(decisions.count), "rows": rows,
      "left": left > 0 ? "\(count(left)) more, not shown here." : "",
    ])
}
