// One run: options and a seed in, a result out. The seed is all the chance there is.

import Determinism

package enum Lab {
    /// Runs it. The options must not be refused.
    package static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        precondition(options.refusal == nil, "refused: \(options.refusal ?? "")")
        var result = spread(options, seed: seed)
        if let bytes = options.messageBytes {
            if result.meter.bytes == nil {
                result.meter.bytes = Double(result.meter.updates) * bytes
            }
        } else if options.profile != nil {
            // What its messages hold is not known, and no default of ours stands for it.
            result.meter.bytes = nil
        }
        if result.meter.curve.count > options.roundsLimit {
            result.meter.add(1, to: "ended by --rounds-limit")
        }
        return result
    }

    private static func spread(_ options: LabOptions, seed: UInt64) -> RunResult {
        switch options.strategy {
        case .rumor: return Rumor.run(options, seed: seed)
        case .antiEntropy:
            return options.partner == .ring
                ? RingRepair.run(options, seed: seed) : Rumor.run(options, seed: seed)
        case .directMail: return DirectMail.run(options, seed: seed)
        case .medianCounter: return MedianCounter.run(options, seed: seed)
        case .infectAndDie: return InfectAndDie.run(options, seed: seed)
        case .plumtree: return Plumtree.run(options, seed: seed)
        case .swim: return Swim.run(options, seed: seed)
        case .pushSum: return PushSum.run(options, seed: seed)
        case .raft: return RaftLog.run(options, seed: seed)
        case .bus: preconditionFailure("the bus has its rules elsewhere")
        }
    }
}
