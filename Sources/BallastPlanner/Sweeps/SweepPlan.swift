import BallastModel
import BallastScenario
import BallastSimulator
import BallastUnits

/// The units of a sweep: every combination of the values under `sweep:`, in the order of its axes, the last one fastest.
///
/// Names     a unit's id is the hash of the scenario without its sweep, of its traces, of the version and of the unit's
///           values: adding a value to an axis leaves the other units as they are, and a changed scenario or trace
///           shares none with what is there.
/// Cost      nothing is listed: unit i is computed from i.
public struct SweepPlan: Sendable {
  public struct Axis: Sendable {
    /// As in `--set`.
    public var path: String
    public var values: [String]
  }
  public struct Unit: Sendable {
    public var index: Int
    /// 16 hexadecimal digits.
    public var id: String
    /// In the order of the axes.
    public var values: [String]
    public var overrides: [String]
  }

  public let name: String
  public let axes: [Axis]
  public let count: Int
  private let base: String
  let draft: ScenarioDraft
  let traces: TraceShelf

  /// More units than this are refused: at a second each they take eleven days.
  public static let unitsMax = 1_000_000

  /// - Throws: `ScenarioError` for what is wrong with the scenario, `PlanError` where there is no sweep or too much of it.
  public init(_ draft: ScenarioDraft, version: String) throws {
    let read = try draft.scenario()
    axes = draft.axes.map { Axis(path: $0.path, values: $0.values) }
    guard !axes.isEmpty else {
      throw PlanError(
        "the scenario has no sweep", remedy: "add sweep: {vms.web.count: [40, 60, 80]}, for example"
      )
    }
    // In 128 bits, and no further than that: lists are at most as long as a scenario.
    var product: Int128 = 1
    for axis in axes where product < Int128(Int64.max) { product *= Int128(axis.values.count) }
    guard product <= Int128(Self.unitsMax) else {
      throw PlanError(
        "the sweep has \(product < Int128(Int64.max) ? "" : "more than ")\(product) units, and more than "
          + "\(Self.unitsMax) are not run: "
          + axes.map { "\($0.path) \($0.values.count)" }.joined(separator: " × "),
        remedy: "give the axes fewer values")
    }
    count = Int(product)
    name = read.scenario.name
    self.draft = draft
    var shelf = TraceShelf()
    try shelf.add(read.scenario)
    traces = shelf
    let world = try World(read.scenario, traces: shelf)
    let plain = try draft.scenario(with: ["sweep={}"]).document.json
    base =
      version + "\n" + plain
      + world.traceReads.map { "\($0.name) \($0.sha256)\n" }.joined()
  }

  public subscript(index: Int) -> Unit {
    precondition((0..<count).contains(index), "the sweep has no unit \(index)")
    var rest = index
    var values: [String] = []
    for axis in axes.reversed() {
      values.append(axis.values[rest % axis.values.count])
      rest /= axis.values.count
    }
    values.reverse()
    let overrides = zip(axes, values).map { "\($0.path)=\($1)" }
    let id = SHA256.hex(of: Array((base + overrides.joined(separator: "\n")).utf8)).prefix(16)
    return Unit(index: index, id: String(id), values: values, overrides: overrides)
  }

  /// The unit of an id; nil where there is none. O(units).
  public func unit(withID id: String) -> Unit? {
    for index in 0..<count {
      let unit = self[index]
      if unit.id == id { return unit }
    }
    return nil
  }

  /// Axes along which only chance differs: their values are repetitions.
  public static func isReplicate(_ path: String) -> Bool {
    path == "seed" || path == "assume.resample" || path == "assume.resample.draw"
  }

  public var json: JSON {
    .object([
      ("schema_version", .integer(1)), ("scenario", .text(name)), ("units", .count(count)),
      (
        "axes",
        .array(
          axes.map {
            .object([
              ("path", .text($0.path)), ("values", .array($0.values.map { .text($0) })),
              ("repetitions", .boolean(Self.isReplicate($0.path))),
            ])
          })
      ),
    ])
  }
}
