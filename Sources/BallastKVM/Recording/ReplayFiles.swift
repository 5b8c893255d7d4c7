import BallastUnits

/// A recorded host as a scenario and a trace that `ballast run` replays.
///
/// Rule      a VM's demand is what it would have run without waiting (`Sample.demand`) × clock, its active memory what the guest holds and cannot give up
///           easily; it is on where it was seen, and has the weight and quota it had, changes as events. What else ran on the
///           VMs' pCPUs is one more VM, `other-use`, which reserves all of them: it gets what it got, and the VMs share the rest.
/// Promises  the same timeline gives the same bytes · every VM and host has a name that a scenario takes, each once.
/// Rounding  demand half up to 1 kHz, memory half up to 1 KiB.
/// Source    docs/KVM-RECORDING.md; the trace is written as GWA-T-12 (S. Shen et al., CCGrid 2015) is.
public struct ReplayFiles: Sendable, Equatable {
  public struct File: Sendable, Equatable {
    public var name: String
    public var text: String
  }

  public static let scenarioName = "scenario.yaml"
  public static let traceFolder = "trace"

  public private(set) var scenario = ""
  /// In the folder `trace`, one per VM.
  public private(set) var traces: [File] = []
  /// By VM of the timeline: what the scenario calls it.
  public let names: [String]
  public let otherName: String

  private let timeline: RecordedTimeline
  private let hostName: String
  /// kHz, whole MHz as a scenario takes them.
  private let rate: Int64

  public init(_ timeline: RecordedTimeline) {
    self.timeline = timeline
    rate = timeline.coreRateOfReplay
    var taken: Set<String> = []
    names = timeline.vms.map { unique(nameInScenario($0.name, orElse: "vm"), &taken) }
    otherName = unique("other-use", &taken)
    hostName = unique(nameInScenario(timeline.hostName, orElse: "host"), &taken)
    traces = zip(timeline.vms, names).map { File(name: $1 + ".csv", text: trace(of: $0)) }
    traces.append(File(name: otherName + ".csv", text: traceOfOthers))
    traces.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    scenario = writeScenario()
  }

  // MARK: The trace

  private static let header =
    "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];"
    + "\tCPU usage [%];\tMemory capacity provisioned [KB];\tMemory usage [KB];"
    + "\tDisk read throughput [KB/s];\tDisk write throughput [KB/s];"
    + "\tNetwork received throughput [KB/s];\tNetwork transmitted throughput [KB/s]\n"

  private func trace(of vm: RecordedTimeline.VM) -> String {
    var text = Self.header
    var end: Int64?
    for sample in vm.samples {
      // Between runs, and where counters fell, nothing is asked for.
      if let end, end < sample.start { text += row(at: end, vm.vcpus, 0, vm.memory, 0) }
      text += row(
        at: sample.start, vm.vcpus, demand(sample.wanted, sample.length), vm.memory,
        sample.active ?? 0)
      end = sample.end
    }
    if end == nil { text += row(at: vm.stays.first?.start ?? 0, vm.vcpus, 0, vm.memory, 0) }
    return text
  }

  private var traceOfOthers: String {
    timeline.other.reduce(Self.header) {
      $0 + row(at: $1.start, timeline.cores, demand($1.run, $1.end - $1.start), otherMemory, 0)
    }
  }

  /// kHz
  private func demand(_ used: Int64, _ length: Int64) -> Int64 {
    roundedRatio(used, by: rate, over: length)
  }

  private func row(
    at time: Int64, _ cores: Int64, _ demand: Int64, _ memory: Int64, _ active: Int64
  ) -> String {
    let capacity = product(cores, rate)
    let percent = roundedRatio(demand, by: 1_000_000, over: max(1, capacity))
    let fields = [
      decimal(time, places: 9), "\(cores)", decimal(capacity, places: 3),
      decimal(demand, places: 3), decimal(percent, places: 4), "\(kibibytes(memory))",
      "\(kibibytes(active))", "0", "0", "0", "0",
    ]
    return fields.joined(separator: ";\t") + "\n"
  }

  private func kibibytes(_ bytes: Int64) -> Int64 { roundedRatio(bytes, by: 1, over: 1_024) }

  // MARK: The scenario

  /// The least a scenario takes comfortably: the pseudo-VM holds no memory.
  private var otherMemory: Int64 { 1 << 20 }

  private func writeScenario() -> String {
    let reserve = max(0, timeline.memoryOfOthers)
    var text = """
      # What \(jsonString(timeline.hostName)) did, recorded by `ballast host record`; replay it with `ballast run`.
      # How it was made of counters: docs/KVM-RECORDING.md. Compare: ballast host compare RECORDING RUN.
      ballast: 1
      name: \(jsonString("replay of " + hostName))
      duration: \(timeline.duration)ns
      interval: \(min(timeline.interval, timeline.duration))ns
      control: {interval: \(min(timeline.interval, timeline.duration))ns}
      # What others than VMs held of the host's memory at most.
      hypervisor: {profile: kvm, host_reserve: \(min(reserve, max(0, timeline.memory - 1)))B}
      clusters:
        - name: recorded
          # The pCPUs that the VMs may use.
          hosts: [{name: \(jsonString(hostName)), cpu: {cores: \(timeline.cores), mhz: \(rate / 1_000)}, \
      memory: \(max(1, timeline.memory))B}]
      traces:
        recorded: {format: bitbrains, path: \(Self.traceFolder), unit: mhz, at_end: hold}
      vms:

      """
    for (vm, name) in zip(timeline.vms, names) { text += entry(vm, name) }
    text += """
        # Everything else that ran on these pCPUs. It gets what it got: the VMs share what is left.
        - name: \(otherName)
          vcpus: \(timeline.cores)
          memory: \(otherMemory)B
          cpu: {reservation: \(product(timeline.cores, rate))kHz, shares: 1000000000}
          workload: {cpu: {trace: recorded, series: \(otherName)}, memory: {touched: 0%}}
      policies: {admission: none}

      """
    let events = zip(timeline.vms, names).flatMap { self.events($0, $1) }
      .enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
    if !events.isEmpty {
      text +=
        "events:\n" + events.map { "  - {at: \($0.element.time)ns, \($0.element.text)}\n" }.joined()
    }
    return text
  }

  private func entry(_ vm: RecordedTimeline.VM, _ name: String) -> String {
    var text = "  - name: \(jsonString(name))\n"
    text += "    vcpus: \(vm.vcpus)\n    memory: \(max(1 << 20, vm.memory))B\n"
    if let start = vm.stays.first?.start, start > 0 { text += "    start: \(start)ns\n" }
    let first = vm.settings.first
    var cpu = ["shares: \(weight(first))"]
    if let quota = first?.quota {
      if isQuotaConstant(vm) {
        cpu.append("quota: \(quota.quota)us, quota_period: \(quota.period)us")
        cpu.append("quota_scope: \(quota.isPerVCPU ? "vcpu" : "vm")")
      } else {
        cpu.append("limit: \(limit(quota, vm))")
      }
    }
    text += "    cpu: {\(cpu.joined(separator: ", "))}\n"
    if vm.memoryMin > 0 {
      text += "    memory_policy: {reservation: \(min(vm.memoryMin, vm.memory))B}\n"
    }
    var memory: [String] = []
    if vm.samples.contains(where: { $0.active != nil }) {
      memory.append("active: {trace: recorded, series: \(jsonString(name))}")
    }
    if let rss = vm.rssMax, vm.memory > 0 {
      let active = vm.samples.reduce(0) { max($0, $1.active ?? 0) }
      let part = roundedRatio(
        min(max(rss, active), vm.memory), by: 1_000_000, over: vm.memory)
      memory.append("touched: \(decimal(part, places: 4))%")
    }
    text += "    workload:\n      cpu: {trace: recorded, series: \(jsonString(name))}\n"
    if !memory.isEmpty { text += "      memory: {\(memory.joined(separator: ", "))}\n" }
    return text
  }

  private func events(
    _ vm: RecordedTimeline.VM, _ name: String
  ) -> [(time: Int64, text: String)] {
    var events: [(time: Int64, text: String)] = []
    for (index, stay) in vm.stays.enumerated() {
      if index > 0 {
        events.append((stay.start, "power: {vm: \(jsonString(name)), state: on}"))
      }
      if let end = stay.end, end < timeline.duration {
        events.append((end, "power: {vm: \(jsonString(name)), state: off}"))
      }
    }
    for (before, now) in zip(vm.settings, vm.settings.dropFirst()) {
      var cpu: [String] = []
      if weight(now) != weight(before) { cpu.append("shares: \(weight(now))") }
      if now.quota != before.quota {
        cpu.append("limit: \(now.quota.map { limit($0, vm) } ?? "unlimited")")
      }
      if !cpu.isEmpty {
        events.append(
          (now.time, "set: {vm: \(jsonString(name)), cpu: {\(cpu.joined(separator: ", "))}}"))
      }
    }
    return events
  }

  private func isQuotaConstant(_ vm: RecordedTimeline.VM) -> Bool {
    vm.settings.allSatisfy { $0.quota == vm.settings[0].quota }
  }

  /// A quota cannot change during a run, a limit can; at fluid fidelity they are the same.
  private func limit(_ quota: RecordedTimeline.Quota, _ vm: RecordedTimeline.VM) -> String {
    let of = quota.isPerVCPU ? product(quota.quota, vm.vcpus) : quota.quota
    return "\(max(1, roundedRatio(of, by: rate, over: quota.period)))kHz"
  }

  /// Without one it has what the kernel gives: 1024 in v1, 100 in v2 (admin-guide/cgroup-v2.rst).
  private func weight(_ setting: RecordedTimeline.Setting?) -> Int64 {
    setting?.weight ?? (timeline.cgroups == .v1 ? 1_024 : 100)
  }
}

extension RecordedTimeline {
  /// kHz, the host's clock rounded to whole MHz: what demand and points of a CPU are measured with.
  public var coreRateOfReplay: Int64 { roundedRatio(coreRate, by: 1, over: 1_000) * 1_000 }
}

/// A name that scenarios and file names take; what they refuse becomes "_".
private func nameInScenario(_ text: String, orElse: String) -> String {
  var name = ""
  for scalar in text.unicodeScalars.prefix(150) {
    let isRefused =
      "/:,*?\"\\".unicodeScalars.contains(scalar)
      || [
        .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
        .unassigned,
      ]
      .contains(scalar.properties.generalCategory)
      || (scalar.properties.isWhitespace && scalar != " ")
    name.unicodeScalars.append(isRefused ? "_" : scalar)
  }
  while name.hasPrefix(".") || name.hasPrefix(" ") { name.removeFirst() }
  while name.hasSuffix(" ") { name.removeLast() }
  return name.isEmpty ? orElse : name
}

private func unique(_ name: String, _ taken: inout Set<String>) -> String {
  var result = name
  var number = 2
  while !taken.insert(result).inserted {
    result = "\(name)-\(number)"
    number += 1
  }
  return result
}
