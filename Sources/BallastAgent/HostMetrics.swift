import BallastKVM
import BallastModel
import BallastUnits
import Foundation

/// What the agent sees and does, in the text format of Prometheus (version 0.0.4): for node_exporter's textfile collector
/// and for `--listen`.
///
/// Rule      names end like those of the libvirt exporter, in base units (seconds, bytes, cores), counters in `_total`
///           · a reading that the host did not give has no line.
/// Source    prometheus.io, "Metric and label naming" and "Exposition formats".
public struct HostMetrics {
  private var text = ""

  private init() {}

  /// - Parameter stepSeconds: what the last step took.
  public static func text(of agent: HostAgent, isUp: Bool, stepSeconds: Double) -> String {
    var metrics = HostMetrics()
    metrics.addAgent(agent, isUp: isUp, stepSeconds: stepSeconds)
    metrics.addHost(agent.host.snapshot.host)
    metrics.addDomains(agent)
    return metrics.text
  }

  private mutating func head(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  private mutating func line(_ name: String, _ labels: String = "", _ value: String) {
    text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  private mutating func one(_ name: String, _ type: String, _ help: String, _ value: String) {
    head(name, type, help)
    line(name, "", value)
  }

  /// Nanoseconds as seconds.
  private static func seconds(_ nanoseconds: Int64) -> String {
    decimal(nanoseconds, places: 9)
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  private mutating func addAgent(_ agent: HostAgent, isUp: Bool, stepSeconds: Double) {
    let totals = agent.totals
    one("ballast_up", "gauge", "Whether the host answered in the last step.", isUp ? "1" : "0")
    one("ballast_steps_total", "counter", "Control steps.", "\(totals.steps)")
    one(
      "ballast_steps_failed_total", "counter", "Control steps in which the host did not answer.",
      "\(totals.failedSteps)")
    one(
      "ballast_step_duration_seconds", "gauge", "What the last control step took.",
      String(format: "%.6f", stepSeconds))
    one(
      "ballast_last_step_timestamp_seconds", "gauge", "When the host was last seen.",
      Self.seconds(agent.host.snapshot.wallTime))
    head("ballast_writes_total", "counter", "Changes of settings that were tried.")
    line("ballast_writes_total", "result=\"done\"", "\(totals.writesDone)")
    line("ballast_writes_total", "result=\"failed\"", "\(totals.writesFailed)")
    head("ballast_writes_held_back_total", "counter", "Proposed changes that a rule held back.")
    for (index, rule) in HeldBack.Rule.allCases.enumerated() {
      line(
        "ballast_writes_held_back_total", "rule=\"\(rule.rawValue)\"", "\(totals.heldBack[index])")
    }
  }

  private mutating func addHost(_ host: HostCounters) {
    one(
      "ballast_host_cpus", "gauge", "Logical processors online.", "\(host.pcpus)")
    one(
      "ballast_host_memory_size_bytes", "gauge", "Memory of the host.", "\(host.memoryTotal)")
    one(
      "ballast_host_memory_free_bytes", "gauge", "Free memory of the host.", "\(host.memoryFree)")
    guard let ksm = host.ksm else { return }
    one(
      "ballast_host_ksm_saved_bytes", "gauge", "Memory saved by merging equal pages.",
      "\(scaled(max(0, ksm.pagesSharing), by: max(0, host.pageSize), over: 1))")
  }

  private mutating func addDomains(_ agent: HostAgent) {
    let domains = agent.host.snapshot.domains.filter {
      agent.host.names.index(of: $0.name) != nil
    }
    func gauge(
      _ name: String, _ help: String, type: String = "gauge",
      _ value: (DomainSnapshot) -> String?
    ) {
      head("ballast_domain_" + name, type, help)
      for domain in domains {
        guard let value = value(domain) else { continue }
        let labels =
          "domain=\"\(Self.escaped(domain.name))\",uuid=\"\(Self.escaped(domain.uuid))\""
        line("ballast_domain_" + name, labels, value)
      }
    }
    func number(_ value: Int64?) -> String? { value.map { "\($0)" } }
    gauge("vcpus", "Virtual CPUs of the domain.") { "\($0.vcpus)" }
    gauge("vcpu_time_seconds_total", "CPU time used by its vCPUs.", type: "counter") {
      $0.vcpuTime.map(Self.seconds)
    }
    gauge(
      "vcpu_delay_seconds_total", "Time its vCPUs were ready and did not run.", type: "counter"
    ) { $0.vcpuDelay.map(Self.seconds) }
    gauge("memory_maximum_bytes", "Memory the domain was started with.") { "\($0.memoryMax)" }
    gauge("memory_current_bytes", "Memory the balloon leaves it now.") { "\($0.memoryCurrent)" }
    gauge("memory_rss_bytes", "Host memory that its process holds.") { number($0.rss) }
    gauge("memory_usable_bytes", "What the guest could spare without swapping.") {
      number($0.guestUsable)
    }
    gauge("cpu_weight", "Its CPU weight, in the unit of the host's cgroups.") {
      number($0.settings.cpuWeight)
    }
    let plan = agent.plan
    let rate = max(1, agent.seen.coreRate.value)
    func entitlement(_ column: [Int64], _ domain: DomainSnapshot) -> Int64? {
      guard let vm = agent.host.names.index(of: domain.name),
        let row = plan.vms.firstIndex(of: vm), row < column.count
      else { return nil }
      return column[row]
    }
    gauge("cpu_entitlement_cores", "CPU it is entitled to now, in CPUs.") {
      entitlement(plan.cpuEntitlement, $0).map {
        decimal(scaled($0, by: 1_000, over: rate), places: 3)
      }
    }
    gauge("memory_entitlement_bytes", "Guest memory it is entitled to now.") {
      number(entitlement(plan.memoryEntitlement, $0))
    }
  }
}
