import ArgumentParser
import BallastAgent
import BallastKVM
import BallastModel
import BallastReport
import BallastUnits
import Foundation

struct HostPlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a policy would change on a KVM host, and why.",
    discussion: """
      Changes nothing, over a read-only connection. The plan's id names its changes: `ballast host apply --plan ID` makes \
      exactly these or none.
      """)

  @OptionGroup var host: HostOptions

  @Option(help: ArgumentHelp("Policy file.", valueName: "file"))
  var policy: String

  @Option(
    help: ArgumentHelp(
      "Time between the two looks that demand is measured by; 0s counts every VM as wanting all.",
      valueName: "time"))
  var interval = "5s"

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws { _ = try span(interval, "--interval", .zero ... .seconds(3_600)) }

  func run() throws {
    let loaded = try loadPolicy(policy)
    let system = try host.open(readOnly: true)
    let agent = HostAgent(
      loaded.policy,
      host: KVMHost(
        system, membership: loaded.policy.membership, safety: loaded.policy.safety,
        managesMemory: loaded.policy.managesMemory, mode: .dryRun))
    Interrupt.watch()
    _ = try stepOnce(
      agent, after: try span(interval, "--interval", .zero ... .seconds(3_600)))
    output(json ? planAsJSON(agent, loaded.policy) : planAsText(agent, loaded.policy))
  }
}

/// A plan for people: who is entitled to what, what changes, what is held back, and what KVM has no knob for.
func planAsText(_ agent: HostAgent, _ policy: HostPolicy) -> String {
  let report = agent.report
  let host = agent.host
  var lines = ["policy \(policy.name) on \(host.snapshot.host.name)"]
  let complaints = agent.managing.complaints(all: host.snapshot.domains.map(\.name))
  if host.names.count == 0 {
    lines +=
      complaints + [
        "no running domain is managed: name some under domains.managed, or mark them; see docs/KVM.md"
      ]
    return lines.joined(separator: "\n")
  }
  lines += ["", "Entitled now", table(entitlements(agent), words: 1)]
  lines.append("")
  if report.writes.isEmpty {
    lines.append("Nothing to change.")
  } else {
    lines.append("Changes, plan \(report.planID)")
    lines.append(
      table(
        [["domain", "setting", "now", "", "new", "why"]]
          + report.writes.map { write in
            [
              write.target.name.isEmpty ? "(host)" : write.target.name, write.field.rawValue,
              write.before.map { shown($0, write.field) } ?? "-", "→",
              shown(write.wanted, write.field), write.reason,
            ]
          }, words: 6))
  }
  if !report.heldBack.isEmpty {
    lines += ["", "Held back"]
    lines += report.heldBack.map { held in
      "  \(held.write.target.name) \(held.write.field.rawValue) "
        + "\(shown(held.write.wanted, held.write.field)): \(held.reason) (\(held.rule.rawValue))"
    }
  }
  if !report.notes.isEmpty {
    lines += ["", "Kept by other means"]
    lines += report.notes.map { "  \($0.text)" }
  }
  if report.notes.contains(where: { $0.subject == .cpuReservation }) {
    lines += reservationWords
  }
  lines += report.events.map(eventWords)
  lines += complaints
  return lines.joined(separator: "\n")
}

/// An event for people; some name their domain themselves.
func eventWords(_ event: SafetyEvent) -> String {
  event.domain.isEmpty ? event.text : "\(event.domain): \(event.text)"
}

/// How a CPU reservation is kept where there is no knob for it.
private let reservationWords = [
  "  A CPU reservation on KVM is a promise kept in three ways: reservations are admitted only up to the host's CPU,",
  "  weights put the VM before others when CPU is short, and limits of others keep room for it. ESXi enforces it in the",
  "  scheduler; docs/KVM.md shows the difference.",
]

private func entitlements(_ agent: HostAgent) -> [[String]] {
  let plan = agent.plan
  var rows = [["domain", "CPU MHz", "wants MHz", "shares", "reserved", "limit", "memory MiB"]]
  for (row, vm) in plan.vms.enumerated() {
    let demand = agent.managing.manager.observedDemand(of: vm)
    func megahertz(_ rate: Int64) -> String { rate == .max ? "-" : "\(rate / 1_000)" }
    rows.append([
      agent.host.names[vm] ?? "", megahertz(plan.cpuEntitlement[row]),
      demand.map { megahertz($0.value) } ?? "all", "\(plan.cpuWeight[row])",
      megahertz(plan.cpuReservation[row]), megahertz(plan.cpuLimit[row]),
      "\(plan.memoryEntitlement[row] >> 20)",
    ])
  }
  return rows
}

/// A value of a knob with its unit.
private func shown(_ value: Int64, _ field: HostWrite.Field) -> String {
  switch field {
  case .balloonTarget, .memoryMin, .memoryLow: "\(value >> 20) MiB"
  case .vcpuQuota, .globalQuota: value < 0 ? "unlimited" : "\(value) µs"
  case .vcpuPeriod, .globalPeriod: "\(value) µs"
  case .statisticsPeriod: "\(value) s"
  case .ksmSleepMilliseconds: "\(value) ms"
  case .cpuWeight, .ksmRun, .ksmPagesToScan: "\(value)"
  }
}

func planAsJSON(
  _ agent: HostAgent, _ policy: HostPolicy, failures: [ActuationFailure] = []
) -> String {
  struct Row: Encodable {
    var domain: String
    var cpuEntitlement: Int64
    var memoryEntitlement: Int64
    var cpuDemand: Int64?
  }
  struct Answer: Encodable {
    let schemaVersion = 1
    let ballastVersion: String
    let policy: String
    let host: String
    let units = ["cpu": "kHz", "memory": "bytes", "quota": "us"]
    let planID: String
    let entitlements: [Row]
    let writes: [HostWrite]
    let heldBack: [HeldBack]
    let notes: [String]
    let events: [SafetyEvent]
    let complaints: [String]
    let performed: [AuditEntry]
    let failures: [ActuationFailure]
  }
  let plan = agent.plan
  return jsonText(
    Answer(
      ballastVersion: ballastVersion, policy: policy.name, host: agent.host.snapshot.host.name,
      planID: agent.report.planID,
      entitlements: plan.vms.enumerated().map { row, vm in
        Row(
          domain: agent.host.names[vm] ?? "", cpuEntitlement: plan.cpuEntitlement[row],
          memoryEntitlement: plan.memoryEntitlement[row],
          cpuDemand: agent.managing.manager.observedDemand(of: vm)?.value)
      },
      writes: agent.report.writes, heldBack: agent.report.heldBack,
      notes: agent.report.notes.map(\.text), events: agent.report.events,
      complaints: agent.managing.complaints(all: agent.host.snapshot.domains.map(\.name)),
      performed: agent.report.performed, failures: failures))
}
