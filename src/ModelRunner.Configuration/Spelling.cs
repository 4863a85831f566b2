namespace ModelRunner.Configuration;

/// <summary>Finds the word that a person probably meant.</summary>
internal static class Spelling
{
    /// <summary>The candidate nearest to a word; null if none is near enough.</summary>
    public static string? Closest(string word, IEnumerable<string> candidates) =>
        Closest(word, candidates, word.Length < 4 ? 1 : Math.Max(2, word.Length / 3));

    /// <summary>The candidate nearest to a word; null if none is within the given number of letters. Two swapped letters count as two.</summary>
    public static string? Closest(string word, IEnumerable<string> candidates, int maxDistance)
    {
        string? closest = null;
        int least = maxDistance + 1;
        foreach (string candidate in candidates)
        {
            int distance = Distance(word, candidate);
            if (distance >= least)
                continue;

            least = distance;
            closest = candidate;
        }

        return closest;
    }

    /// <summary>Asks a person whether one of these names was meant; there is at least one.</summary>
    public static string Question(IEnumerable<string> names) => $"did you mean {List([.. names.Select(static name => $"\"{name}\"")], "or")}?";

    /// <summary>Lists things in a sentence: <c>a, b and c</c>.</summary>
    /// <param name="things">At least one.</param>
    /// <param name="word">The word before the last one.</param>
    public static string List(IReadOnlyList<string> things, string word) => things.Count == 1
        ? things[0]
        : $"{string.Join(", ", things.SkipLast(1))} {word} {things[^1]}";

    /// <summary>How many letters must be inserted, removed or changed to turn one word into the other, ignoring case.</summary>
    private static int Distance(string left, string right)
    {
        // A longer word is not a spelling mistake; the limit also bounds the work for a hostile key.
        if (Math.Abs(left.Length - right.Length) > 8 || left.Length > 64)
            return int.MaxValue;

        int[] previous = new int[right.Length + 1];
        int[] current = new int[right.Length + 1];
        for (int j = 0; j <= right.Length; j++)
            previous[j] = j;

        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int change = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + change);
            }

            (previous, current) = (current, previous);
        }

        return previous[right.Length];
    }
}
