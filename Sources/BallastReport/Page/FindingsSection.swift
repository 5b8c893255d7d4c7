/// Findings as a list, worst first; each names its subjects with a link to their charts.
func findingsSection(_ data: RunData) -> String {
  let all = findings(data)
  guard !all.isEmpty else {
    return
      "<p class=\"note\">Nothing to report: no host ran out of CPU or memory, and no VM waited "
      + "for more than 2.5\u{00A0}% of the time per vCPU (p95).</p>"
  }
  let drilled = Set(data.drillDowns.map(\.vm))
  let items: [[String: Any]] = all.map { finding in
    let subjects: [[String: Any]] = finding.subjects.map { entry in
      let (name, anchor) = place(entry.subject, data, drilled)
      return ["name": escaped(name), "anchor": anchor, "number": escaped(entry.number)]
    }
    let more = finding.subjectCount - finding.subjects.count
    return [
      "style": finding.severity.style, "severity": finding.severity.name,
      "title": escaped(finding.title), "text": escaped(finding.text), "subjects": subjects,
      "more": more > 0 ? "and \(count(more)) more" : "", "lever": escaped(finding.lever),
      "hasLever": !finding.lever.isEmpty,
    ]
  }
  return render(
    """
    <ol class="findings">{{#items}}<li class="{{style}}"><span class="chip">{{severity}}</span>\
    <div><h3>{{{title}}}</h3><p>{{{text}}}</p>\
    <p class="subjects">{{#subjects}}<a href="#{{anchor}}">{{{name}}}<small>{{{number}}}</small></a> \
    {{/subjects}}{{more}}</p>{{#hasLever}}<p class="lever"><b>Lever</b> {{{lever}}}</p>{{/hasLever}}\
    </div></li>{{/items}}</ol>
    """, ["items": items])
}

/// Name and anchor of a subject.
private func place(
  _ subject: Finding.Subject, _ data: RunData, _ drilled: Set<Int>
) -> (name: String, anchor: String) {
  switch subject {
  case .vm(let index):
    (data.vms[index].name, drilled.contains(index) ? "vm-\(index)" : data.rowAnchor(index))
  case .host(let index):
    (data.hosts[index].name, shownHosts(data).contains(index) ? "host-\(index)" : "hosts-heat")
  case .pool(let index): (data.pools[index].name, "pool-\(index)")
  }
}
