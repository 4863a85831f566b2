using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Pulls with limits of their own. The clock jumps to the end of each wait, so the time that some bytes take is exact.</summary>
public sealed class PullLimitTests : IDisposable
{
    private const int FileSize = 2_000_000;

    // What may come at once after a pause, in seconds.
    private const double Burst = 0.25;

    private readonly JumpingTime _time = new();
    private readonly PullFixture _fixture;

    public PullLimitTests() => _fixture = new PullFixture(time: _time);

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(null, 1_000_000)]
    [InlineData(4_000_000L, 1_000_000)]
    [InlineData(500_000L, 500_000)]
    [InlineData(100_000L, 100_000)]
    public async Task All_files_of_a_pull_share_its_limit_and_the_smaller_limit_holds(long? all, double expected)
    {
        MadeArtifact made = Make(1, 2, 3);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(made);
        _fixture.Rate.BytesPerSecond = all;
        long start = _time.GetTimestamp();

        Pull pull = _fixture.Queue.Join(registry.Name, limit: 1_000_000);

        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(pull)).Result);
        _fixture.Queue.Leave(pull, 1_000_000);
        AssertRate(expected, _time.GetElapsedTime(start));
        _fixture.AssertHas(made, registry.Name.ToString());
    }

    [Fact]
    public async Task Pulls_with_limits_of_their_own_never_exceed_that_of_all_pulls_together()
    {
        await using FakeRegistry first = await FakeRegistry.StartAsync(Make(1, 2, 3));
        await using FakeRegistry second = await FakeRegistry.StartAsync(Make(4, 5, 6));
        _fixture.Rate.BytesPerSecond = 1_000_000;
        long start = _time.GetTimestamp();

        Pull[] pulls = [_fixture.Queue.Join(first.Name, limit: 700_000), _fixture.Queue.Join(second.Name, limit: 900_000)];

        foreach (Pull pull in pulls)
            Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(pull)).Result);

        // The slower one ends alone, at its own limit.
        double measured = _fixture.Counters.Bytes / (_time.GetElapsedTime(start).TotalSeconds + Burst);
        Assert.InRange(measured, 700_000, 1_001_000);
    }

    [Fact]
    public async Task A_pull_runs_at_the_largest_limit_of_its_clients()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(Make(1));
        var gate = new TaskCompletionSource();
        registry.BeforeFile = () => gate.Task;
        Pull pull = _fixture.Queue.Join(registry.Name, limit: 20_000);
        Assert.Equal(20_000, pull.BytesPerSecond);

        Assert.Same(pull, _fixture.Queue.Join(registry.Name, limit: 30_000));
        Assert.Equal(30_000, pull.BytesPerSecond);
        _fixture.Queue.Join(registry.Name, limit: 10_000);
        Assert.Equal(30_000, pull.BytesPerSecond);
        _fixture.Queue.Join(registry.Name);
        Assert.Null(pull.BytesPerSecond);

        _fixture.Queue.Leave(pull);
        Assert.Equal(30_000, pull.BytesPerSecond);
        _fixture.Queue.Leave(pull, 30_000);
        Assert.Equal(20_000, pull.BytesPerSecond);
        gate.SetResult();
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(pull)).Result);
    }

    /// <summary>The bytes count for the pull that has no limit, as if it had fetched the file alone.</summary>
    [Theory]
    [InlineData(null, 0.0)]
    [InlineData(2_000_000L, FileSize / 2_000_000.0)]
    public async Task A_file_that_two_pulls_need_comes_as_fast_as_the_faster_one_may(long? second, double seconds)
    {
        await using FakeRegistry slow = await FakeRegistry.StartAsync(Make(1));
        await using FakeRegistry fast = await FakeRegistry.StartAsync(Make(1, 2));
        var gate = new TaskCompletionSource();
        slow.BeforeFile = fast.BeforeFile = () => gate.Task;
        Pull limited = _fixture.Queue.Join(slow.Name, limit: 20_000);
        await slow.WaitForRequestsAsync(2);
        Pull other = _fixture.Queue.Join(fast.Name, limit: second);
        await fast.WaitForRequestsAsync(2);
        long start = _time.GetTimestamp();
        gate.SetResult();

        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(limited)).Result);
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(other)).Result);

        // The second pull has two files. The configuration of the first one is small, and counts for its limit.
        Assert.InRange(_time.GetElapsedTime(start).TotalSeconds, (2 * seconds) - Burst - 0.01, (2 * seconds) + 0.05);
    }

    [Fact]
    public async Task A_pull_of_a_limited_key_keeps_its_limit_while_it_only_proves_a_file()
    {
        MadeArtifact made = Make(1);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(made);
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        await using FakeRegistry other = await FakeRegistry.StartAsync(made);
        long start = _time.GetTimestamp();

        Pull pull = _fixture.Queue.Join(other.Name, mustFetch: true, limit: 100_000);

        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(pull)).Result);
        Assert.InRange(_time.GetElapsedTime(start).TotalSeconds, (FileSize / 100_000.0) - Burst, (FileSize / 100_000.0) + 0.1);
    }

    [Theory]
    [InlineData(16 * 1024, 1024)]
    [InlineData(400_000, 25_000)]
    [InlineData(20_000_000, 256 * 1024)]
    public void Reads_are_small_enough_for_an_even_rate(long limit, int expected)
    {
        var rate = new FetchRate(new ByteRateLimit(_time));
        Assert.Equal(256 * 1024, rate.ReadSize(256 * 1024));
        rate.Add(new ByteRateLimit(_time) { BytesPerSecond = limit });

        Assert.Equal(expected, rate.ReadSize(256 * 1024));
    }

    private void AssertRate(double expected, TimeSpan elapsed)
    {
        double measured = _fixture.Counters.Bytes / (elapsed.TotalSeconds + Burst);
        Assert.InRange(measured, expected * 0.98, expected * 1.001);
    }

    private static MadeArtifact Make(params int[] seeds) =>
        MadeArtifact.Of([.. seeds.Select(static seed => MadeArtifact.MakeWeights(FileSize, seed))]);
}
