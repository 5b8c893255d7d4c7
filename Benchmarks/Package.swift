// swift-tools-version: 6.2
// Speed of Ballast's engine, each figure beside a bound measured in the same run. docs/PERFORMANCE.md has the results.
import PackageDescription

let package = Package(
  name: "ballast-benchmarks",
  dependencies: [.package(name: "ballast", path: "..")],
  targets: [
    .target(name: "CBound", cSettings: [.unsafeFlags(["-O3"])]),
    .executableTarget(
      name: "bench",
      dependencies: [
        "CBound", .product(name: "BallastSimulator", package: "ballast"),
        .product(name: "BallastAgent", package: "ballast"),
      ],
      path: "Sources/bench"),
  ]
)
