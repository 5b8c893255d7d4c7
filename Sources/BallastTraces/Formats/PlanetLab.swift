import BallastModel
import BallastUnits

extension TraceFormat {
  /// One file per VM, one number per line: CPU in percent; a second number is memory in percent.
  ///
  /// Source    CoMon on PlanetLab as CloudSim ships it; with memory, the VMs derived from Google's 2011 trace.
  /// Time      line i is the sample at i · interval, 300 s unless told otherwise.
  /// Size      neither vCPUs nor memory: the scenario has to say.
  static let planetlab = TraceFormat(
    name: "planetlab",
    summary: "one file per VM, CPU % (and memory %) per line, no times; 5 minutes unless told",
    recognises: { sample in
      let line = sample.firstLine
      return !line.isEmpty && line.allSatisfy { "0123456789.eE+- \t".utf8.contains($0) }
    },
    reading: .text { source, builder in
      let step = builder.interval ?? .seconds(300)
      source.visit(problems: builder.problems) { entry throws(ScenarioProblem) in
        try read(entry, step: step, into: builder)
      }
    })

  private static func read(
    _ entry: TraceEntry, step: SimDuration, into builder: TraceBuilder
  ) throws(ScenarioProblem) {
    let series = try builder.series(of: entry)
    let lines = entry.lines
    var time: Int64 = 0
    var hasMemory: Bool?
    while !builder.problems.isFull, try lines.next() {
      let withMemory = hasMemory ?? (lines.line.contains(32) || lines.line.contains(9))
      if hasMemory == nil {
        hasMemory = withMemory
        builder.facts[series].hasMemory = withMemory
        if withMemory { builder.declareMemory(.partsPerMillion) }
      }
      var cells = Cells(lines.line, separator: lines.line.contains(9) ? 9 : 32)
      let cpu = cells.number(places: 4)
      let memory = withMemory ? cells.number(places: 4) : 0
      cells.finish()
      guard cells.fault == nil else {
        builder.problems.add(cells, of: lines)
        continue
      }
      // Two equal samples are two samples here: the time tells them apart.
      try builder.append(
        Row(time: time, series: UInt32(series), cpu: UInt32(cpu), memory: UInt32(memory)))
      time += step.value
      if UInt64(time) > latestTime {
        throw ScenarioProblem(
          SourcePlace(file: lines.label, line: lines.number, column: 1),
          "this sample is more than 126 years after the first", remedy: "use a shorter interval")
      }
    }
    try entry.requireRows(time > 0, problems: builder.problems)
  }
}
