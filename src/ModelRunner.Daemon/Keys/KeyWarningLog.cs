using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Keys;

/// <summary>
/// Finds and logs what is probably a mistake in a key: it has expired, or it allows a model that is not here. Each sentence is logged once. Only clients
/// with the scope admin see them, because they name keys of others. Safe to call from any thread.
/// </summary>
internal sealed partial class KeyWarningLog(
    KeyStore keys, ModelCatalog catalog, TimeProvider time, ILogger<KeyWarningLog> logger, CancellationToken stopping)
{
    private readonly SeenSentences _logged = new();

    /// <summary>The warnings of all keys, each with the name of its key. Models are not looked for while the store is still being read.</summary>
    public async Task<IReadOnlyList<(string Name, string Sentence)>> FindAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelSource> found = await catalog.ListFoundAsync(cancellationToken);
        Func<ModelPattern, bool> isHere = catalog.IsRead ? pattern => IsHere(pattern, found) : static _ => true;
        DateTimeOffset now = time.GetUtcNow();
        return [.. keys.Current.Named.SelectMany(key => Find(key, isHere, now), static (key, sentence) => (key.Name, sentence))];
    }

    /// <summary>Looks at all keys and logs the new warnings.</summary>
    public async Task LogAsync()
    {
        foreach (string warning in _logged.TakeNew((await FindAsync(stopping)).Select(static warning => warning.Sentence)))
            LogWarning(warning);
    }

    /// <summary>The warnings about a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isHere">Whether a model is here that the key allows with this text.</param>
    /// <param name="now">The time.</param>
    public static IEnumerable<string> Find(KeySettings key, Func<ModelPattern, bool> isHere, DateTimeOffset now)
    {
        if (key.ExpiresAt is { } end && end <= now)
        {
            string shown = end.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            yield return $"The key \"{key.Name}\" expired at {shown} and is refused; give it a later time in expires, or remove it.";
        }

        foreach (ModelPattern pattern in key.Models.Where(pattern => !isHere(pattern)))
        {
            yield return pattern.Reference is null
                ? $"The key \"{key.Name}\" allows models \"{pattern.Text}\", and no model here has such a name; \"model-runner ls\" lists the names."
                : $"The key \"{key.Name}\" allows model \"{pattern.Text}\", which is not here; \"model-runner ls\" lists the names.";
        }
    }

    private bool IsHere(ModelPattern pattern, IReadOnlyList<ModelSource> found) => pattern.Reference is { } reference
        ? catalog.IsHere(reference)
        : found.Any(source => source.Names.Any(pattern.Fits));

    [LoggerMessage(LogLevel.Warning, "{Sentence}")]
    private partial void LogWarning(string sentence);
}
