import Mustache

/// The interactive chart library, as text: the page inlines it once. Ballast does not ship it.
struct ChartLibrary: Sendable {
  var js: String
  var css: String
}

/// Renders `report.html` of a run directory from its CSV files and `run.json` alone, so that old, recorded or edited
/// runs render the same way. Equal directories give equal bytes.
///
/// With `dygraphs` the time charts can be zoomed together; without it the same charts are pictures.
public func renderReport(
  directory: String, dygraphs: (js: String, css: String)?
) throws(RunReadError) -> String {
  let data = try RunData.load(directory: directory)
  return page(data, dygraphs.map { ChartLibrary(js: $0.js, css: $0.css) })
}

/// Renders and writes `report.html` into the directory. Returns its path.
@discardableResult
public func writeReport(directory: String, dygraphs: (js: String, css: String)?) throws -> String {
  let html = try renderReport(directory: directory, dygraphs: dygraphs)
  let path = directory + "/report.html"
  try writeFile(html, path: path)
  return path
}

/// Points of a chart over the whole page width, and of one in a VM's drill-down.
private let chartPointsMax = 600
private let drillDownPointsMax = 288

func page(_ data: RunData, _ library: ChartLibrary?) -> String {
  var writer = ChartWriter(data.times, pointsMax: chartPointsMax, timesKey: "a")
  var small = ChartWriter(data.times, pointsMax: drillDownPointsMax, timesKey: "b")
  func charts(_ section: ChartSection) -> String {
    chartCatalog.filter { $0.section == section }.map { $0.html(data, &writer) }.joined()
  }
  let hostSection = charts(.hosts)
  let vmCharts = charts(.vms)
  let pools = charts(.pools)
  let memoryCharts = charts(.memory)
  let drillDowns = data.drillDowns.map { drillDownSection($0, data, &small) }.joined()
  let chartData =
    "{\"times\":{\(writer.timesJSON),\(small.timesJSON)},\"charts\":["
    + (writer.json + small.json).joined(separator: ",\n") + "]}"

  // Values are escaped before they get here: the template engine escapes by grapheme, and "<" followed by a combining
  // mark is another grapheme.
  let values: [String: Any] = [
    "title": escaped(data.run.record.scenario),
    "header": headerSection(data),
    "verdict": verdictSection(data),
    "figures": keyFigures(data),
    "findings": findingsSection(data),
    "why": whySection(data),
    "hosts": hostSection,
    "vmCharts": vmCharts,
    "vmTable": vmTable(data),
    "vmNote": vmNote(data),
    "hasDrillDowns": !drillDowns.isEmpty,
    "drillDowns": drillDowns,
    "drillNote": data.drillDowns.count < data.vms.count
      ? "The \(count(data.drillDowns.count)) VMs that wait most, of \(count(data.vms.count))."
      : "All VMs, the longest waiting first.",
    "memoryFirst": memoryLeads(data),
    "memoryLast": data.hasReclaim && !memoryLeads(data),
    "memory": memoryNotes(data) + memoryCharts + reclaimTable(data),
    "hasPools": !pools.isEmpty,
    "pools": pools,
    "events": eventsSection(data),
    "method": methodSection(data),
    "style": pageStyle,
    "script": pageScript,
    "hasCharts": data.times.count > 0,
    "chartData": chartData,
    "hasLibrary": library != nil,
    "libraryStyle": library.map { inline(style: $0.css) } ?? "",
    "library": library.map { inline(script: $0.js) } ?? "",
    "libraryNotice": dygraphsNotice,
    "version": escaped(data.run.ballastVersion),
  ]
  return render(pageTemplate, values)
}

/// A template is part of the program: one that does not parse is a bug.
func render(_ template: String, _ values: [String: Any]) -> String {
  guard let parsed = try? MustacheTemplate(string: template) else {
    preconditionFailure("a page template does not parse")
  }
  return parsed.render(values)
}

/// A script element ends at "</script" wherever it stands; source maps would be fetched.
func inline(script: String) -> String {
  withoutSourceMap(script).replacing("</script", with: "<\\/script")
}

func inline(style: String) -> String {
  withoutSourceMap(style).replacing("</style", with: "<\\/style")
}

private func withoutSourceMap(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false)
    .filter { !$0.hasPrefix("//# sourceMappingURL=") && !$0.hasPrefix("/*# sourceMappingURL=") }
    .joined(separator: "\n")
}
