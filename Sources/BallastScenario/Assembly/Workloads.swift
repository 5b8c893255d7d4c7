import BallastModel
import BallastUnits

extension Assembler {
  mutating func readWorkload(_ value: Value?) -> WorkloadSpec {
    guard let value else { return WorkloadSpec() }
    let memory = value["memory"]
    let active = readDemand(memory?["active"], isMemory: true)
    let touched = readDemand(memory?["touched"], isMemory: true)
    if let active, let touched, let place = memory?["active"]?.place,
      let (active, touched) = excess(of: active, over: touched)
    {
      problems.add(
        place, "active \(active.words) is more than touched \(touched.words)",
        "lower active or raise touched")
    }
    return WorkloadSpec(
      cpu: readDemand(value["cpu"]), memoryActive: active, memoryTouched: touched)
  }

  /// Values of active and touched memory where more is certainly active at some time of the run than has been touched until
  /// then; nil where that cannot be said from the file. What has been touched stays touched when the curve falls.
  private func excess(
    of active: DemandForm, over touched: DemandForm
  ) -> (active: PartsPerMillion, touched: PartsPerMillion)? {
    if let active = pieces(active), let touched = pieces(touched) {
      let times = (active + touched).map(\.time).sorted()
      for time in times {
        // Before its first step a curve is 0, and nobody has written that.
        guard let a = active.last(where: { $0.time <= time }),
          let t = touched.filter({ $0.time <= time }).map(\.value).max(), a.value > t
        else { continue }
        return (a.value, t)
      }
      return nil
    }
    guard let a = most(active), let t = most(touched), a > t else { return nil }
    return (a, t)
  }

  /// What of a curve that stands between given times happens in the run.
  private func pieces(_ form: DemandForm) -> [DemandForm.Step]? {
    switch form {
    case .constant(let value): [DemandForm.Step(time: .zero, value: value)]
    case .steps(let steps):
      steps.filter { step in duration.map { step.time.value < $0.value } ?? true }
    case .square, .diurnal, .random, .trace: nil
    }
  }

  /// The most that a curve comes to in the run.
  private func most(_ form: DemandForm) -> PartsPerMillion? {
    if let pieces = pieces(form) { return pieces.map(\.value).max() }
    guard case .square(let period, let duty, let high, let low) = form, let duration,
      period <= duration, duty > .zero, duty < .one
    else { return nil }
    return max(low, high)
  }

  /// Nil when there is none, or when it is wrong.
  private mutating func readDemand(_ value: Value?, isMemory: Bool = false) -> DemandForm? {
    guard let value else { return nil }
    if let fraction = value.fraction { return .constant(fraction) }
    if let constant = value["constant"] { return constant.fraction.map { .constant($0) } }
    if let steps = value["steps"] { return readSteps(steps) }
    if let square = value["square"] { return readSquare(square) }
    if let diurnal = value["diurnal"] { return readDiurnal(diurnal) }
    if let random = value["random"] { return readRandom(random) }
    if let trace = value["trace"] { return readTraceUse(trace, of: value, isMemory: isMemory) }
    return nil
  }

  private mutating func readSteps(_ value: Value) -> DemandForm? {
    guard value.isMap else { return nil }
    if value.entries.isEmpty {
      problems.add(value.place, "steps has no step", "write steps: {0s: 10%, 2h: 90%}")
    }
    var steps: [(step: DemandForm.Step, entry: Value.Entry)] = []
    for entry in value.entries {
      guard let time = try? Dimension.duration.amount(entry.key), let value = entry.value.fraction
      else { continue }
      steps.append((DemandForm.Step(time: SimTime(time), value: value), entry))
    }
    steps.sort { $0.step.time < $1.step.time }
    for (earlier, later) in zip(steps, steps.dropFirst()) where earlier.step.time == later.step.time
    {
      problems.add(
        later.entry.keyPlace,
        "steps \(earlier.entry.key) and \(later.entry.key) are the same time", "keep one of them")
    }
    return .steps(steps.map(\.step))
  }

  private mutating func readSquare(_ value: Value) -> DemandForm? {
    guard let period = value["period"]?.duration, let duty = value["duty"]?.fraction,
      let high = value["high"]?.fraction
    else { return nil }
    if period == .zero {
      problems.add(value["period"]!.place, "period is 0", "write a time above zero")
    } else if let duration, duration.value / period.value > Limits.steps {
      problems.add(
        value["period"]!.place,
        "period \(period.words) in \(duration.words) makes \(grouped(duration.value / period.value)) "
          + "periods; more than \(grouped(Limits.steps)) are not run",
        "lengthen the period or shorten the duration")
    }
    return .square(
      period: period, duty: duty, high: high, low: value["low"]?.fraction ?? .zero)
  }

  private mutating func readDiurnal(_ value: Value) -> DemandForm? {
    guard let mean = value["mean"]?.fraction, let amplitude = value["amplitude"]?.fraction,
      let peak = value["peak"]?.time
    else { return nil }
    if peak >= .seconds(86_400) {
      problems.add(
        value["peak"]!.place, "peak \(peak.words) is not a time of day", "write 0h to 23h59m")
    }
    return .diurnal(mean: mean, amplitude: amplitude, peak: peak)
  }

  private mutating func readRandom(_ value: Value) -> DemandForm? {
    guard let distribution = value["distribution"]?.text, let mean = value["mean"]?.fraction
    else { return nil }
    if mean == .zero {
      problems.add(value["mean"]!.place, "a mean of 0% leaves nothing to draw", "raise the mean")
    }
    if let sd = value["sd"], sd.fraction == .zero {
      problems.add(sd.place, "an sd of 0% leaves nothing to chance", "write constant instead")
    }
    // The exponential's spread is its mean; all others need to be told.
    if value.entry("sd") == nil, distribution != "exponential",
      catalogs.distributions.contains(where: { $0.name == distribution })
    {
      problems.add(
        value.place, "\(shown(distribution)) needs its standard deviation", "add sd: 20%")
    }
    return .random(
      distribution: distribution, mean: mean, sd: value["sd"]?.fraction,
      correlation: value["correlation"]?.duration ?? .zero, place: value.place)
  }

  private mutating func readTraceUse(
    _ trace: Value, of value: Value, isMemory: Bool
  ) -> DemandForm? {
    checkTraceName(trace)
    guard let name = trace.text else { return nil }
    if isMemory, let unit = value["unit"], unit.text == "mhz" {
      problems.add(unit.place, "mhz is no unit of memory", "write unit: percent")
    }
    return .trace(
      TraceUse(
        trace: name, series: value["series"]?.text,
        unit: value["unit"]?.text.flatMap(TraceUnit.init),
        atEnd: value["at_end"]?.text.flatMap(TraceEnd.init), place: trace.place))
  }

  mutating func checkTraceName(_ value: Value) {
    guard let text = value.text, !text.isEmpty else { return }
    let names = root["traces"]?.entries.map(\.key) ?? []
    if names.contains(text) { return }
    problems.add(
      value.place, "no trace is called \(shown(text))",
      nearest(text, in: names).map { "did you mean \($0)?" }
        ?? (names.isEmpty
          ? "add it under traces:" : "the traces are \(listed(names, "and"))"))
  }
}
