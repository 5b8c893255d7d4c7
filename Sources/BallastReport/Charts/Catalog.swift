/// The report's charts. To add one: a file beside this one, and a line here.
///
/// A chart gets the run's data and a writer that turns it into SVG and JSON; it returns HTML, empty when the run has
/// nothing to show.
enum ChartSection: Sendable { case hosts, vms, pools, memory }

struct ReportChart: Sendable {
  var name: String
  var section: ChartSection
  var html: @Sendable (RunData, inout ChartWriter) -> String
}

let chartCatalog: [ReportChart] = [
  .init(name: "all hosts: CPU band", section: .hosts, html: hostBandCharts),
  .init(name: "hosts × time", section: .hosts, html: hostHeatMap),
  .init(name: "host by host", section: .hosts, html: hostCharts),
  .init(name: "all VMs: ready band", section: .vms, html: readyBandChart),
  .init(name: "VMs × time", section: .vms, html: vmHeatMap),
  .init(name: "pool by pool", section: .pools, html: poolCharts),
  .init(name: "memory states × time", section: .memory, html: memoryStateMap),
  .init(name: "memory, host by host", section: .memory, html: memoryCharts),
  .init(name: "page sharing by class", section: .memory, html: sharingChart),
]
