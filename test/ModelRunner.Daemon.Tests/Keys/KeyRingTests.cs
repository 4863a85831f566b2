using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;

namespace ModelRunner.Daemon.Tests.Keys;

public sealed class KeyRingTests
{
    private static readonly KeySettings[] Keys =
        [.. Enumerable.Range(0, 20).Select(static i => new KeySettings($"k{i}", KeyDigest.Of($"key-{i}")))];

    [Fact]
    public void Each_key_has_its_owner_and_no_other_text_has_one()
    {
        var ring = new KeyRing("old", Keys, isRequired: true);

        Assert.Equal(Enumerable.Range(0, 20).Select(static i => $"k{i}"), Enumerable.Range(0, 20).Select(i => ring.Find($"key-{i}")!.Name));
        Assert.Equal(("default", null), (ring.Find("old")!.Name, ring.Find("old")!.Key));
        foreach (string text in (string[])["", "key-", "key-20", "KEY-1", "key-1 ", "old\0", new string('x', KeyDigest.MaxKeyLength + 1), Keys[0].Digest.ToString()])
            Assert.Null(ring.Find(text));
    }

    [Fact]
    public void The_longest_key_is_found_and_a_longer_one_is_not()
    {
        string longest = new('é', KeyDigest.MaxKeyLength);
        var ring = new KeyRing(apiKey: null, [new KeySettings("a", KeyDigest.Of(longest)), new KeySettings("b", KeyDigest.Of(longest + "é"))], isRequired: true);

        Assert.Equal("a", ring.Find(longest)!.Name);
        Assert.Null(ring.Find(longest + "é"));
    }
}
