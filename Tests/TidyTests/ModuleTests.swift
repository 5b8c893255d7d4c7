import Foundation
import Testing

/// What the modules may use.
struct ModuleTests {
  /// The table of docs/ARCHITECTURE.md: module → modules it may import.
  private static func table() throws -> [String: Set<String>] {
    let text = try String(
      contentsOf: SourceTree.root.appendingPathComponent("docs/ARCHITECTURE.md"), encoding: .utf8)
    var table: [String: Set<String>] = [:]
    var isInTable = false
    for line in text.components(separatedBy: "\n") {
      if line.hasPrefix("| module |") { isInTable = true }
      guard isInTable, line.hasPrefix("| `") else {
        if isInTable && !line.hasPrefix("|") { isInTable = false }
        continue
      }
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let imports = cells[2].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      table[cells[0].trimmingCharacters(in: ["`"])] = Set(imports).subtracting(["–"])
    }
    return table
  }

  /// Every module is in the table, and imports nothing that its row does not allow.
  @Test func importsFollowTheTable() throws {
    let table = try Self.table()
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: SourceTree.root.appendingPathComponent("Sources").path)
    #expect(Set(folders) == Set(table.keys))
    for file in try SourceTree.files(in: "Sources", endings: ["swift"]) {
      let allowed = try #require(table[file.module])
      for line in file.lines {
        guard let imported = Self.imported(line) else { continue }
        #expect(allowed.contains(imported), "\(file): import \(imported)")
      }
    }
  }

  /// The package declares the same dependencies, and no more.
  @Test func packageAllowsWhatTheTableAllows() throws {
    let text = try String(
      contentsOf: SourceTree.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    for (name, allowed) in try Self.table() {
      for part in text.components(separatedBy: "module(").dropFirst() {
        let names = part.components(separatedBy: "\"").enumerated()
          .filter { $0.offset % 2 == 1 }.map(\.element)
        guard names.first == name, let end = part.range(of: "),\n    ") ?? part.range(of: "]),")
        else { continue }
        let declared = part[..<end.lowerBound].components(separatedBy: "\"").enumerated()
          .filter { $0.offset % 2 == 1 }.map(\.element).dropFirst()
        for dependency in declared where !dependency.contains("swift-") {
          #expect(allowed.contains(dependency), "\(name) depends on \(dependency)")
        }
      }
    }
  }

  private static func imported(_ line: String) -> String? {
    let words = line.split(separator: " ").map(String.init)
    guard let at = words.firstIndex(of: "import"), words.count > at + 1 else { return nil }
    let isImport = words[..<at].allSatisfy {
      $0.hasPrefix("@") || ["public", "internal", "private", "package"].contains($0)
    }
    // `import struct Foundation.Data` names the module third.
    let kinds: Set = ["struct", "class", "enum", "func", "protocol", "var", "let", "typealias"]
    guard isImport else { return nil }
    let name = kinds.contains(words[at + 1]) && words.count > at + 2 ? words[at + 2] : words[at + 1]
    return String(name.split(separator: ".")[0])
  }

  /// Clocks, the environment and chance from outside: nothing of it may reach a result.
  private static let forbidden = [
    "Date()", "ProcessInfo", "SystemRandomNumberGenerator", "getenv(", "arc4random",
    "ContinuousClock", "SuspendingClock", "clock_gettime(", "gettimeofday(", "DispatchTime.now",
    ".randomElement(",
    ".shuffled(", ".shuffle(",
  ]
  /// Forbidden as calls only: `.random(` is also the name of a workload form, followed by its own arguments.
  private static let forbiddenPatterns = [
    #"\.random\(in:"#, #"(?<![A-Za-z0-9_.])time\((nil|&)"#, #"(?<![A-Za-z0-9_.])clock\(\)"#,
    #"(?<![A-Za-z0-9_.])s?rand(om)?\(\)"#,
  ]
  /// Where a line may say it all the same, and why.
  private static let exceptions = [
    // Where to unpack an archive; the folder's name reaches no result.
    "Sources/BallastTraces/Building/TemporaryFile.swift": "getenv(",
    // A real host is observed at real instants; what is decided takes them from the snapshot.
    "Sources/BallastKVM/HostClock.swift": "clock_gettime(",
    // Where libvirt is to be found; it names the host that is looked at.
    "Sources/BallastKVM/Libvirt/LibvirtAddress.swift": "getenv(",
  ]
  /// The command may read clocks (wall time of a run) and the environment (where traces are).
  private static let outside: Set = ["ballast"]

  @Test func coreReadsNoClockEnvironmentOrChance() throws {
    for file in try SourceTree.files(in: "Sources", endings: ["swift", "c", "h"])
    where !Self.outside.contains(file.module) {
      for (number, line) in file.lines.enumerated() where !line.contains("///") {
        for word in Self.forbidden where line.contains(word) {
          if Self.exceptions[file.path] == word { continue }
          Issue.record("\(file):\(number + 1): \(word)")
        }
        for pattern in Self.forbiddenPatterns
        where line.range(of: pattern, options: .regularExpression) != nil {
          Issue.record("\(file):\(number + 1): \(pattern)")
        }
      }
    }
  }
}
