using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Pulling;

/// <summary>Says which limit of the rate holds for a client of a pull.</summary>
internal static class PullLimitText
{
    /// <summary>The line for a client.</summary>
    /// <param name="own">The bytes per second that the client set; null: none, so it is told nothing.</param>
    /// <param name="pull">Those of its pull, which are not less; null: no limit.</param>
    /// <param name="all">Those of all pulls together; null: no limit.</param>
    /// <param name="wasTold">Whether the client was told of another limit before.</param>
    /// <returns>Null: its own limit holds, and it was not told of another one.</returns>
    public static string? Describe(long? own, long? pull, long? all, bool wasTold)
    {
        if (own is not { } limit)
            return null;
        if (all < (pull ?? long.MaxValue) && all != limit)
        {
            string cause = all < limit
                ? "which is less than yours of" : "because another client with a larger one, or without one, follows this pull too; yours is";
            return $"Limit: {Rate(all.Value)} for all pulls together (pull.limit), {cause} {Rate(limit)}";
        }

        return (pull < all ? pull : all ?? pull) switch
        {
            null => $"Limit: none, because another client without one follows this pull too; yours is {Rate(limit)}",
            { } shared when shared > limit => $"Limit: {Rate(shared)}, because another client with it follows this pull too; yours is {Rate(limit)}",
            _ => wasTold ? $"Limit: {Rate(limit)}, which is yours" : null,
        };
    }

    private static string Rate(long bytes) => $"{FileSizeText.Format(bytes)}/s";
}
