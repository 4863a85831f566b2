using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Hosting.Connections;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class ConnectionTableTests
{
    private const int Limit = 8;
    private const int Reserve = 4;

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_flood_of_connections_that_do_not_close_when_asked_never_exceeds_limit_and_reserve()
    {
        var table = new ConnectionTable(new ConnectionCapacity(Limit, Reserve), _time);
        var accepted = new List<(DefaultConnectionContext Connection, ClientConnection Client)>();
        for (int i = 0; i < 100; i++)
        {
            var connection = new DefaultConnectionContext();
            if (table.Add(connection) is { } client)
                accepted.Add((connection, client));
            Assert.InRange(table.Count, 1, Limit + Reserve);
            if (table.Count == Limit)
                _time.Advance(TimeSpan.FromSeconds(1.1));
        }

        Assert.Equal(Limit + Reserve, accepted.Count);
        Assert.DoesNotContain(accepted, static pair => pair.Client.IsBeyondLimit);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Null(table.Add(new DefaultConnectionContext()));

        // Only those that were asked to close are aborted now.
        var asked = accepted.Where(static pair => pair.Client.EvictedAt is not null).ToList();
        Assert.Equal(Reserve + 1, asked.Count);
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(asked.TrueForAll(static pair => pair.Connection.ConnectionClosed.IsCancellationRequested)), DaemonFixture.Patience);
        Assert.Equal(asked.Count, accepted.Count(static pair => pair.Connection.ConnectionClosed.IsCancellationRequested));
        asked.ForEach(pair => table.Remove(pair.Client));
        Assert.False(table.Add(new DefaultConnectionContext())!.IsBeyondLimit);
    }

    [Fact]
    public void A_connection_that_waits_for_its_first_request_is_not_replaced()
    {
        var table = new ConnectionTable(new ConnectionCapacity(Limit, Reserve), _time);
        ClientConnection[] opened = [.. Enumerable.Range(0, Limit).Select(_ => table.Add(new DefaultConnectionContext())!)];

        Assert.True(table.Add(new DefaultConnectionContext())!.IsBeyondLimit);
        Assert.DoesNotContain(opened, static client => client.EvictedAt is not null);

        // A connection that had a request can be replaced at once, the others after a second.
        opened[5].BeginRequest();
        opened[5].EndRequest(_time.GetTimestamp());
        Assert.False(table.Add(new DefaultConnectionContext())!.IsBeyondLimit);
        Assert.NotNull(opened[5].EvictedAt);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.False(table.Add(new DefaultConnectionContext())!.IsBeyondLimit);
        Assert.NotNull(opened[0].EvictedAt);
    }

    [Fact]
    public void If_no_connection_is_idle_new_ones_use_the_reserve()
    {
        var table = new ConnectionTable(new ConnectionCapacity(Limit, Reserve), _time);
        for (int i = 0; i < Limit + Reserve; i++)
        {
            ClientConnection client = table.Add(new DefaultConnectionContext())!;
            Assert.Equal(i >= Limit, client.IsBeyondLimit);
            client.BeginRequest();
        }

        Assert.Null(table.Add(new DefaultConnectionContext()));
        Assert.Equal(Limit + Reserve, table.Count);
    }
}
