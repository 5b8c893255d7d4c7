// swift-tools-version: 6.2
// Ballast: a deterministic simulator of how hypervisors share CPU and memory among virtual machines.
// The import rules between modules are in docs/ARCHITECTURE.md; Tests/TidyTests compares them with this tree.
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A module of `Sources/` with the modules it may import.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["BallastTestSupport"], swiftSettings: strict)
}

let package = Package(
  name: "ballast",
  products: [
    .executable(name: "ballast", targets: ["ballast"]),
    .library(
      name: "BallastSimulator",
      targets: [
        "BallastUnits", "BallastModel", "BallastKernel", "BallastMath", "BallastManager",
        "BallastMachine", "BallastTraces", "BallastSimulator",
      ]),
    .library(
      name: "BallastAgent",
      targets: ["BallastUnits", "BallastModel", "BallastKVM", "BallastAgent"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CGSL", pkgConfig: "gsl", providers: [.apt(["libgsl-dev"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CSqlite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CBallastRandom", dependencies: ["CGSL"]),

    module("BallastUnits"),
    module("BallastModel", ["BallastUnits"]),
    module("BallastKernel", ["BallastUnits"]),
    module("BallastMath", ["BallastUnits", "BallastKernel", "CGSL", "CBallastRandom"]),
    module("BallastManager", ["BallastUnits", "BallastModel", "BallastMath"]),
    module("BallastTraces", ["BallastUnits", "BallastModel", "CZlib"]),
    module(
      "BallastScenario",
      ["BallastUnits", "BallastModel", .product(name: "Yams", package: "Yams")]),
    module("BallastImport", ["BallastUnits", "BallastMath", "CZlib"]),
    .target(name: "CLibvirtABI", linkerSettings: [.linkedLibrary("dl")]),
    module("BallastKVM", ["BallastUnits", "BallastModel", "CLibvirtABI"]),
    module(
      "BallastAgent",
      ["BallastUnits", "BallastModel", "BallastManager", "BallastKVM", "BallastScenario"]),
    module("BallastMachine", ["BallastUnits", "BallastModel", "BallastKernel", "BallastMath"]),
    module(
      "BallastSimulator",
      [
        "BallastUnits", "BallastModel", "BallastKernel", "BallastMath", "BallastManager",
        "BallastMachine", "BallastTraces",
      ]),
    module(
      "BallastReport",
      [
        "BallastUnits", "BallastModel", "BallastMath", "CSqlite",
        .product(name: "Mustache", package: "swift-mustache"),
      ]),
    module(
      "BallastPlanner",
      [
        "BallastUnits", "BallastModel", "BallastKernel", "BallastMath", "BallastSimulator",
        "BallastScenario",
      ]),
    .executableTarget(
      name: "ballast",
      dependencies: [
        "BallastUnits", "BallastModel", "BallastKernel", "BallastManager", "BallastTraces",
        "BallastScenario", "BallastMachine", "BallastSimulator", "BallastPlanner", "BallastReport",
        "BallastImport", "BallastKVM", "BallastAgent",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "BallastTestSupport",
      dependencies: ["BallastUnits", "BallastModel", "BallastKernel", "BallastKVM"],
      path: "Tests/BallastTestSupport", swiftSettings: strict),
    tests("BallastUnitsTests", ["BallastUnits"]),
    tests("BallastKernelTests", ["BallastKernel", "BallastMath"]),
    tests("BallastManagerTests", ["BallastManager"]),
    .target(
      name: "CLibvirtHeaders", dependencies: ["CLibvirtABI"], path: "Tests/CLibvirtHeaders"),
    tests("BallastKVMTests", ["BallastKVM", "CLibvirtABI", "CLibvirtHeaders"]),
    tests("BallastTracesTests", ["BallastTraces"]),
    tests(
      "BallastScenarioTests",
      ["BallastScenario", "BallastTraces", "BallastMath", "BallastManager"]),
    tests("BallastReportTests", ["BallastReport"]),
    tests("BallastImportTests", ["BallastImport", "BallastMath", "CZlib"]),
    tests("BallastMachineTests", ["BallastMachine"]),
    tests("BallastSimulatorTests", ["BallastSimulator", "BallastMachine", "BallastManager"]),
    tests(
      "BallastPlannerTests",
      [
        "BallastPlanner", "BallastScenario", "BallastSimulator", "BallastTraces", "BallastMath",
        "BallastManager",
      ]),
    tests("BallastAgentTests", ["BallastAgent", "BallastManager", "BallastKVM"]),
    tests(
      "ContractTests", ["BallastManager", "BallastMachine", "BallastSimulator", "BallastKVM"]),
    tests("PropertyTests", ["BallastManager", "BallastMachine", "BallastSimulator"]),
    tests("TidyTests", ["BallastManager", "BallastMath", "BallastModel", "BallastTraces"]),
  ]
)
