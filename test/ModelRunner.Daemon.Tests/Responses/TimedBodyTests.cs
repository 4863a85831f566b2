using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Responses;

public sealed class TimedBodyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Lifetime _lifetime = new();

    [Fact]
    public async Task A_client_that_does_not_read_is_disconnected()
    {
        Task writing = Body(static token => Task.Delay(Timeout.Infinite, token));
        _time.Advance(TimedBody.Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(writing.IsCompleted || _lifetime.IsAborted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Assert.True(_lifetime.IsAborted);
    }

    [Fact]
    public async Task A_client_that_reads_is_not()
    {
        await Body(static _ => Task.CompletedTask);
        _time.Advance(TimedBody.Limit * 2);
        Assert.False(_lifetime.IsAborted);
    }

    private Task Body(Func<CancellationToken, Task> send)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpRequestLifetimeFeature>(_lifetime);
        return new TimedBody(context.Response, _time).DoAsync(send, TestContext.Current.CancellationToken);
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }
}
