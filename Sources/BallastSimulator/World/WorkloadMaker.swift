import BallastKernel
import BallastMachine
import BallastMath
import BallastModel
import BallastTraces
import BallastUnits

/// Turns a workload as written into curves that play.
///
/// Each curve of chance has its own stream, named after the VM and the resource: two policies meet the same demand, and
/// another VM more or less changes nobody's.
struct WorkloadMaker {
  private let scenario: Scenario
  private let traces: [String: UtilisationTrace]
  private let changed: ChangedDemand
  private(set) var problems: [ScenarioProblem] = []
  /// Distributions already prepared; VMs that draw from one share its table.
  private var marginals: [(distribution: BallastMath.Distribution, marginal: Marginal)] = []
  private var complainedAbout: Set<String> = []

  init(builder: WorldBuilder) {
    scenario = builder.scenario
    traces = builder.traces
    changed = builder.changedDemand
  }

  private enum Resource: String {
    case cpu
    case active = "memory.active"
    case touched = "memory.touched"
  }

  /// - Parameters:
  ///   - position: the VM's place in its entry: it takes series `position` mod n of a trace.
  ///   - replaying: the series of a VM made from a trace, played where the workload says nothing else.
  mutating func make(
    _ spec: WorkloadSpec, vm: String, position: Int,
    replaying: (name: String, trace: UtilisationTrace, series: Int)? = nil,
    place: SourcePlace? = nil
  ) -> GuestWorkload {
    var workload = GuestWorkload()
    if let form = spec.cpu {
      workload.cpu = source(form, vm, position, .cpu)
    } else if let (name, _, series) = replaying, let place {
      workload.cpu = replay(
        TraceUse(trace: name, series: nil, unit: nil, atEnd: nil, place: place), series, .cpu)
    }
    if let form = spec.memoryActive {
      workload.memoryActive = source(form, vm, position, .active)
    } else if let (name, trace, series) = replaying, let place, trace.memory(series) != nil {
      workload.memoryActive = replay(
        TraceUse(trace: name, series: nil, unit: nil, atEnd: nil, place: place), series, .active)
    }
    if let form = spec.memoryTouched {
      workload.memoryTouched = source(form, vm, position, .touched)
    }
    return workload
  }

  private mutating func source(
    _ form: DemandForm, _ vm: String, _ position: Int, _ resource: Resource
  ) -> DemandSource {
    switch changed.form(form, isMemory: resource != .cpu) {
    case .constant(let value): return .constant(value)
    case .steps(let steps): return .steps(steps)
    case .square(let period, let duty, let high, let low):
      return .square(period: period, duty: duty, high: high, low: low)
    case .diurnal(let mean, let amplitude, let peak):
      return .diurnal(
        mean: mean, amplitude: amplitude, peak: peak, interval: scenario.interval)
    case .random(let name, let mean, let sd, let correlation, let place):
      return random(
        name, mean, sd, correlation, place, stream: "workload/\(vm)/\(resource.rawValue)")
    case .trace(let use):
      guard let trace = traces[use.trace], trace.seriesCount > 0 else { return .idle }
      guard let name = use.series else {
        return replay(use, position % trace.seriesCount, resource)
      }
      guard let series = trace.index(ofSeriesNamed: name) else {
        complain(use.place, "the trace \(use.trace) has no series \(name)")
        return .idle
      }
      return replay(use, series, resource)
    }
  }

  // MARK: Chance

  private mutating func random(
    _ name: String, _ mean: PartsPerMillion, _ sd: PartsPerMillion?, _ correlation: SimDuration,
    _ place: SourcePlace, stream: String
  ) -> DemandSource {
    let fraction = { (value: PartsPerMillion) in Double(value.value) / 1e6 }
    do throws(DistributionError) {
      let distribution = try BallastMath.Distribution(
        named: name, mean: fraction(mean), sd: fraction(sd ?? mean))
      let noise = CorrelatedNoise(
        marginal: marginal(of: distribution), correlationTime: correlation,
        stream: RandomStream(seed: scenario.seed, named: stream))
      return .random(noise, interval: scenario.interval)
    } catch {
      complain(place, "\(error)")
      return .idle
    }
  }

  private mutating func marginal(of distribution: BallastMath.Distribution) -> Marginal {
    if let known = marginals.first(where: { $0.distribution == distribution }) {
      return known.marginal
    }
    let made = Marginal(distribution)
    marginals.append((distribution, made))
    return made
  }

  // MARK: Traces

  private mutating func replay(
    _ use: TraceUse, _ series: Int, _ resource: Resource
  ) -> DemandSource {
    guard let trace = traces[use.trace],
      let spec = scenario.traces.first(where: { $0.name == use.trace })
    else { return .idle }
    let unit = use.unit ?? spec.unit
    let column = resource == .cpu ? trace.cpu(series, unit: unit) : trace.memory(series)
    guard let column else {
      let what = resource == .cpu ? "CPU in \(unit.rawValue)" : "memory"
      complain(use.place, "the trace \(use.trace) has no \(what)")
      return .idle
    }
    let atEnd = use.atEnd ?? spec.atEnd
    if atEnd == nil && trace.length < scenario.duration {
      complain(
        use.place,
        "the trace \(use.trace) ends after \(trace.length), and the run lasts \(scenario.duration)",
        remedy: "add at_end: stop, hold or repeat to the trace, or shorten the run")
    }
    // A series that ends before its trace has left: its VM is there, but asks for nothing any more.
    return .replay(
      changed.series(column, of: trace, named: use.trace, isMemory: resource != .cpu),
      atEnd: atEnd ?? .stop, length: trace.length)
  }

  /// Once per place, however many VMs an entry has.
  private mutating func complain(
    _ place: SourcePlace, _ message: String, remedy: String? = nil
  ) {
    guard complainedAbout.insert("\(place.line):\(place.column) \(message)").inserted else {
      return
    }
    problems.append(ScenarioProblem(place, message, remedy: remedy))
  }
}
