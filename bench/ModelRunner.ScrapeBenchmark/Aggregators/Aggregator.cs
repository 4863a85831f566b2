using System.Diagnostics;
using System.Net.Sockets;
using ModelRunner.ScrapeBenchmark.Http;
using ModelRunner.ScrapeBenchmark.Measuring;
using ModelRunner.ScrapeBenchmark.Pages;

namespace ModelRunner.ScrapeBenchmark.Aggregators;

/// <summary>A scraped process, the connection to it, and its measurements.</summary>
internal sealed class Aggregator : IAsyncDisposable
{
    private readonly string _name;
    private readonly ChildProcess _process;
    private readonly ProcessProbe _probe;
    private readonly ScrapeClient _client;
    private readonly Func<ReadOnlyMemory<byte>, string?> _findFault;
    private readonly List<ScrapeFigures> _figures = [];
    private int _lines;

    /// <summary>Takes ownership of a process.</summary>
    /// <param name="name">Its name in error messages.</param>
    /// <param name="process">The process; it already listens.</param>
    /// <param name="form">What the scraper asks for.</param>
    /// <param name="findFault">Returns what is wrong with a page; null: nothing.</param>
    public Aggregator(string name, ChildProcess process, PageForm form, Func<ReadOnlyMemory<byte>, string?> findFault)
    {
        (_name, _process, _findFault) = (name, process, findFault);
        _probe = new ProcessProbe(process.Id);
        _client = new ScrapeClient(process.Port, form);
    }

    /// <summary>The measurements so far, in order.</summary>
    public IReadOnlyList<ScrapeFigures> Figures => _figures;

    /// <summary>Connects, checks a whole page, and then scrapes for some time without measuring.</summary>
    public void WarmUp(TimeSpan duration, CancellationToken cancellation) => Try(
        () =>
        {
            _client.Connect();
            Check();
            long beginning = Stopwatch.GetTimestamp();
            do
                _lines = _client.Scrape().Lines;
            while (Stopwatch.GetElapsedTime(beginning) < duration);
        },
        cancellation);

    /// <summary>Measures, after one scrape that reopens connections which were idle for too long.</summary>
    public void Measure(TimeSpan duration, CancellationToken cancellation) => Try(
        () =>
        {
            Scrape();
            _figures.Add(Measurement.Run(_probe, Scrape, duration));
        },
        cancellation);

    /// <summary>Checks a whole page.</summary>
    /// <exception cref="BenchmarkException">The page is wrong.</exception>
    public void Check(CancellationToken cancellation) => Try(Check, cancellation);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
    }

    private void Check()
    {
        if (_findFault(_client.Fetch()) is { } fault)
            throw new BenchmarkException($"the page of the {_name} is wrong: {fault}");
    }

    private PageSize Scrape()
    {
        PageSize page = _client.Scrape();
        return page.Lines == _lines
            ? page
            : throw new BenchmarkException($"a page of the {_name} had {page.Lines} lines, and the one before it {_lines}");
    }

    // Cancellation closes the connection during a scrape.
    private void Try(Action action, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.Register(_client.Dispose);
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidDataException or ObjectDisposedException)
        {
            cancellation.ThrowIfCancellationRequested();
            string end = _process.HasEnded(out string lastLines) ? $"it ended:\n{lastLines}" : exception.Message;
            throw new BenchmarkException($"the {_name} did not answer a scrape: {end}");
        }
    }
}
