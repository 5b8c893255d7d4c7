import BallastModel
import BallastUnits

/// Reads a policy file: text to typed, checked values, or everything that is wrong with it.
///
/// - Parameters:
///   - path: the file as the user named it; it begins every error.
///   - texts: receives the text, also when this throws, for `describe(_:in:)`.
public func readHostPolicy(
  path: String, bytes: [UInt8], catalogs: CatalogNames, texts: inout SourceTexts
) throws(ScenarioError) -> HostPolicy {
  let paths = PathResolver(environment: { _ in nil })
  var importer = Importer(
    readFile: { _ in [] }, paths: paths, texts: texts)
  importer.noun = "a policy file"
  let root = importer.read(bytes, file: path)
  texts = importer.texts
  var problems = ProblemList()
  problems.add(contentsOf: importer.problems)
  guard let root else { throw problems.error(fileOrder: texts.files)! }
  var checker = Checker(catalogs: catalogs)
  checker.problems = problems
  checker.check(root, as: .object(.hostPolicy), key: "the policy file")
  var assembler = Assembler(
    root: root, catalogs: catalogs, paths: paths, problems: checker.problems)
  let policy = assembler.hostPolicy(path: path)
  if let error = assembler.problems.error(fileOrder: texts.files) { throw error }
  return policy
}

extension Assembler {
  /// To be used only when `problems` is empty after it.
  fileprivate mutating func hostPolicy(path: String) -> HostPolicy {
    profile = root["hypervisor"]?.text.flatMap { HypervisorProfile.named($0) } ?? .kvm
    var policy = HostPolicy(name: root["name"]?.text ?? name(fromPath: path), profile: profile)
    if let value = root["control"]?["interval"], let interval = value.duration {
      policy.controlInterval = interval
      if interval < .seconds(1) || interval > .seconds(3_600) {
        problems.add(value.place, "control.interval is \(interval.words)", "write 1s to 1h")
      }
    }
    policy.reclamation = hostReclamation(root["policies"]?["reclamation"])
    policy.managed = managedNames(root["domains"]?["managed"])
    policy.domains = (root["domains"]?["settings"]?.items ?? []).filter(\.isMap).map {
      domainPolicy($0)
    }
    policy.safety = safety(root["safety"])
    complainOfRepeatedNames()
    return policy
  }

  /// Without a word nothing is taken back: a profile's habit is no order to change a real host.
  private mutating func hostReclamation(_ value: Value?) -> ReclamationChoice {
    guard let value else { return ReclamationChoice(isModelled: false) }
    if let entry = value.entry("double_paging") {
      problems.add(
        entry.keyPlace, "double_paging describes simulated guests, and these are real", "remove it")
    }
    return readReclamation(value, hosts: [])
  }

  private mutating func managedNames(_ value: Value?) -> [String] {
    var names: [String] = []
    for item in value?.items ?? [] {
      guard let name = item.text else { continue }
      if name.allSatisfy({ $0 == "*" || $0 == "?" }) {
        problems.add(
          item.place, "\(name) would take every domain of the host under management",
          "name them, or use a glob with letters such as web-*")
      }
      names.append(name)
    }
    return names
  }

  private mutating func domainPolicy(_ value: Value) -> DomainPolicy {
    var domain = DomainPolicy(name: value["name"]?.text ?? "")
    let memory = value["memory_policy"]
    domain.cpu = settings(value["cpu"], \.frequency)
    domain.memory = settings(memory, \.bytes)
    domain.memoryPolicy = readMemoryPolicy(memory, memory: nil)
    domain.balloonMax = memory?["balloon_max"]?.fraction
    domain.quota = readQuota(value["cpu"])
    return domain
  }

  private mutating func complainOfRepeatedNames() {
    var seen: [String: SourcePlace] = [:]
    for value in root["domains"]?["settings"]?.items ?? [] {
      guard let named = value["name"], let name = named.text else { continue }
      if let first = seen[name] {
        problems.add(
          named.place,
          "\(name) has an entry already, in line \(first.line), and the first one holds",
          "put both into one")
      } else {
        seen[name] = named.place
      }
    }
  }

  private mutating func safety(_ value: Value?) -> SafetySettings {
    var safety = SafetySettings()
    guard let value, value.isMap else { return safety }
    safety.deadBand = value["dead_band"]?.fraction ?? safety.deadBand
    if safety.deadBand > .percent(25), let place = value["dead_band"]?.place {
      problems.add(
        place, "a dead band of \(safety.deadBand.words) holds nearly everything back",
        "write 25% or less")
    }
    safety.stepDown = value["step_down"]?.fraction ?? safety.stepDown
    if let step = value["step_down"], let part = step.fraction,
      part < .percent(1) || part > .percent(50)
    {
      problems.add(step.place, "step_down is \(part.words)", "write 1% to 50%")
    }
    safety.headroom = value["headroom"]?.bytes ?? safety.headroom
    if safety.headroom.value > 1 << 50, let place = value["headroom"]?.place {
      problems.add(place, "no guest has \(safety.headroom.words)", "write a size such as 64MiB")
    }
    safety.shrinksWithoutAutodeflate =
      value["without_autodeflate"]?.flag ?? safety.shrinksWithoutAutodeflate
    if let period = value["statistics_period"], let time = period.duration {
      safety.statisticsPeriod = time
      if time.value % 1_000_000_000 != 0 || time > .seconds(3_600) {
        problems.add(
          period.place, "statistics_period is \(time.words), and hosts count in whole seconds",
          "write 0s to 1h, such as 5s")
      }
    }
    safety.stalePeriods =
      value["stale_periods"]?.whole(1...100).map(Int64.init)
      ?? safety.stalePeriods
    safety.stuckAfter = longEnough(value, "stuck_after") ?? safety.stuckAfter
    safety.quiet = longEnough(value, "quiet") ?? safety.quiet
    safety.majorFaultsPerSecond =
      value["major_faults"]?.whole(1...1_000_000).map(Int64.init) ?? safety.majorFaultsPerSecond
    safety.managesKSM = value["ksm"]?.flag ?? safety.managesKSM
    return safety
  }

  private mutating func longEnough(_ map: Value, _ key: String) -> SimDuration? {
    guard let value = map[key], let time = value.duration else { return nil }
    if time < .seconds(1) || time > .seconds(86_400) {
      problems.add(value.place, "\(key) is \(time.words)", "write 1s to 1d")
    }
    return time
  }
}
