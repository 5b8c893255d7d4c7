import BallastManager
import BallastMath
import BallastModel
import BallastScenario
import BallastTraces

/// The catalogs as the command hands them in.
let catalogs = CatalogNames(
  placement: placementCatalog.map { ($0.name, $0.summary) },
  memory: memoryCatalog.map { ($0.name, $0.summary) },
  traceFormats: TraceFormat.catalog.map { ($0.name, $0.summary) },
  distributions: BallastMath.Distribution.catalog.map { ($0.name, $0.summary) })

/// One reading of a scenario, with files that exist only in memory.
struct Reading {
  var scenario: Scenario?
  var error: ScenarioError?
  var texts = SourceTexts()

  init(
    _ text: String, path: String = "web.yaml", set: [String] = [], seed: UInt64? = nil,
    files: [String: String] = [:], environment: [String: String] = [:]
  ) {
    self.init(
      Array(text.utf8), path: path, set: set, seed: seed, files: files, environment: environment)
  }

  init(
    _ bytes: [UInt8], path: String = "web.yaml", set: [String] = [], seed: UInt64? = nil,
    files: [String: String] = [:], environment: [String: String] = [:]
  ) {
    struct NoSuchFile: Error, CustomStringConvertible { let description = "no such file" }
    do throws(ScenarioError) {
      scenario = try readScenario(
        path: path, bytes: bytes, overrides: set, seed: seed, catalogs: catalogs,
        environment: { environment[$0] },
        readFile: { path in
          guard let text = files[path] else { throw NoSuchFile() }
          return Array(text.utf8)
        }, texts: &texts)
    } catch {
      self.error = error
    }
  }

  /// The whole text a user sees; empty when all is well.
  var shown: String { error.map { describe($0, in: texts) } ?? "" }

  /// `line:column: message; remedy` of each problem.
  var lines: [String] {
    (error?.problems ?? []).map { problem in
      let remedy = problem.remedy.map { "; \($0)" } ?? ""
      return "\(problem.place.line):\(problem.place.column): \(problem.message)\(remedy)"
    }
  }

  /// `message; remedy` of each problem.
  var messages: [String] {
    (error?.problems ?? []).map { problem in
      problem.message + (problem.remedy.map { "; \($0)" } ?? "")
    }
  }
}

/// A scenario of one host and one VM; `more` follows at the top level, `vm` within the VM.
func small(vm: String = "", more: String = "", duration: String = "1h") -> String {
  """
  ballast: 1
  duration: \(duration)
  clusters:
    - name: prod
      hosts:
        - {name: esx, count: 2, cpu: {cores: 4, mhz: 2000}, memory: 64GiB}
      pools:
        - name: gold
          pools: [{name: web}]
  vms:
    - name: web
      count: 2
      vcpus: 2
      memory: 8GiB
  \(vm.isEmpty ? "" : vm.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
  \(more)
  """
}
