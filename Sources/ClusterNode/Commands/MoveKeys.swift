// MIGRATE: keys do not travel yet; that there are none is said as ever.

import DataPlane

enum MoveKeys {
    static func migrate(_ context: KeyContext) -> CommandResult {
        guard context.number(4) != nil, context.number(5) != nil else { return .notANumber }
        let hasKey = KeyFinder.migratePlaces(context.request.copy).contains { place in
            context.withWord(place) { context.store.find($0) } != nil
        }
        guard !hasKey else {
            return .error("ERR keys cannot be moved to another node yet")
        }
        return context.simple("NOKEY")
    }
}
