import BallastKVM
import BallastManager
import BallastModel
import BallastScenario
import BallastUnits
import Foundation

/// Decides again what was decided on a host, from the observations as they were recorded.
///
/// Rule      the recorded policy, inventories and observations go through the same manager; a plan is the same if its
///           text is, byte for byte. With another policy the differences say what it would have asked instead.
public struct StepReplay: Sendable {
  public struct Difference: Sendable, Equatable, Codable {
    /// Of the step, counted from 0.
    public var step: Int
    /// Empty: of the whole plan.
    public var domain: String
    public var setting: String
    public var recorded: Int64
    public var replayed: Int64
  }

  public private(set) var header: StepLine.Header?
  public private(set) var steps = 0
  /// Steps whose plan was taken then, and is the same now.
  public private(set) var same = 0
  /// Steps in which no plan was taken.
  public private(set) var withoutPlan = 0
  /// Steps whose plan is another now.
  public private(set) var different = 0
  /// The first of them.
  public private(set) var differences: [Difference] = []
  /// The last line was cut off, as by a killed process.
  public private(set) var endsEarly = false

  static let differencesMax = 1_000

  private var managing: HostManager?
  private let workspace = Workspace()

  /// Room to decide in; a value's copies share it, one after another.
  private final class Workspace: @unchecked Sendable {
    let decision = DecisionWorkspace()
  }

  /// A record that cannot be replayed: the line, and what is wrong with it.
  public struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    public var line: Int
    public var text: String
    public var description: String { "line \(line): \(text)" }
  }

  /// - Parameters:
  ///   - bytes: the record, whole.
  ///   - other: a policy to decide by instead of the recorded one.
  public init(_ bytes: [UInt8], policy other: HostPolicy? = nil) throws(Fault) {
    let decoder = JSONDecoder()
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: true)
    let isWhole = bytes.last == 10
    for (index, text) in lines.enumerated() {
      guard let line = try? decoder.decode(StepLine.self, from: Data(text)) else {
        if index == lines.count - 1 && !isWhole && index > 0 {
          endsEarly = true
          break
        }
        throw Fault(
          line: index + 1,
          text: index == 0
            ? "this is no record of steps; `ballast host manage --steps` makes one"
            : "it cannot be read")
      }
      try take(line, number: index + 1, other)
    }
    if header == nil {
      throw Fault(
        line: 1, text: "this is no record of steps; `ballast host manage --steps` makes one")
    }
  }

  private mutating func take(
    _ line: StepLine, number: Int, _ other: HostPolicy?
  ) throws(Fault) {
    if let header = line.header {
      guard header.schemaVersion == 1 else {
        throw Fault(line: number, text: "it was written by a later version of Ballast")
      }
      self.header = header
      if let other {
        managing = HostManager(other)
      } else {
        managing = HostManager(try Self.policy(of: header, line: number))
      }
    } else if managing == nil {
      throw Fault(line: number, text: "the record does not begin with its header")
    }
    if let inventory = line.inventory {
      managing?.take(inventory, at: SimTime(max(0, line.since ?? 0)))
    }
    if let step = line.step { decide(step) }
  }

  private static func policy(
    of header: StepLine.Header, line: Int
  ) throws(Fault) -> HostPolicy {
    var texts = SourceTexts()
    do throws(ScenarioError) {
      return try readPolicyFile(
        path: header.policyFile, bytes: Array(header.policy.utf8), texts: &texts)
    } catch {
      throw Fault(
        line: line,
        text: "the policy in it cannot be read:\n\(describe(error, in: texts))")
    }
  }

  private mutating func decide(_ step: RecordedStep) {
    guard var managing else { return }
    var plan = HostPlan()
    managing.decide(step.observation, into: &plan, workspace: workspace.decision)
    let number = steps
    steps += 1
    if let recorded = step.plan {
      let encoder = stepEncoder()
      if (try? encoder.encode(plan)) == (try? encoder.encode(recorded)) {
        same += 1
      } else {
        different += 1
        compare(recorded, plan, number, managing.inventory.names)
      }
    } else {
      withoutPlan += 1
    }
    self.managing = managing
  }

  private mutating func compare(
    _ recorded: HostPlan, _ replayed: HostPlan, _ step: Int, _ names: ManagedNames
  ) {
    var found: [Difference] = []
    for (row, vm) in recorded.vms.enumerated() {
      let name = names[vm] ?? "VM \(vm.int)"
      guard let other = replayed.vms.firstIndex(of: vm) else {
        found.append(
          Difference(step: step, domain: name, setting: "managed", recorded: 1, replayed: 0))
        continue
      }
      func look(_ setting: String, _ a: Int64, _ b: Int64) {
        if a != b {
          found.append(
            Difference(step: step, domain: name, setting: setting, recorded: a, replayed: b))
        }
      }
      func column(_ setting: String, _ path: KeyPath<HostPlan, [Int64]>) {
        let (a, b) = (recorded[keyPath: path], replayed[keyPath: path])
        if row < a.count && other < b.count { look(setting, a[row], b[other]) }
      }
      column("cpuWeight", \.cpuWeight)
      column("cpuLimit", \.cpuLimit)
      column("cpuReservation", \.cpuReservation)
      column("memoryReservation", \.memoryReservation)
      column("memoryLimit", \.memoryLimit)
      column("cpuEntitlement", \.cpuEntitlement)
      column("memoryEntitlement", \.memoryEntitlement)
      look("balloon", recorded.memory(row: row).balloon, replayed.memory(row: other).balloon)
    }
    if found.isEmpty {
      found.append(
        Difference(step: step, domain: "", setting: "plan", recorded: 0, replayed: 0))
    }
    differences += found.prefix(max(0, Self.differencesMax - differences.count))
  }
}
