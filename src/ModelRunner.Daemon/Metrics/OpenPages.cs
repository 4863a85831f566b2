using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The pages that scrapes may join. Thread-safe.</summary>
internal sealed class OpenPages
{
    private readonly Lock _gate = new();
    private readonly List<MetricsPage> _pages = [];

    /// <summary>Joins a page that is the same, or begins a new one, which the caller has to make.</summary>
    /// <param name="form">How the page is to be written.</param>
    /// <param name="scrape">What it is to show.</param>
    /// <param name="answerAt">When it is to be on its way, as a timestamp of the time provider.</param>
    /// <param name="create">Begins a page.</param>
    /// <param name="isNew">Whether it is to be made.</param>
    public PageReader Join(PageForm form, ScrapeResult scrape, long answerAt, Func<MetricsPage> create, out bool isNew)
    {
        lock (_gate)
        {
            _pages.RemoveAll(static page => !page.IsOpen);
            foreach (MetricsPage page in _pages)
            {
                isNew = false;
                if (page.TryJoin(form, scrape, answerAt) is { } reader)
                    return reader;
            }

            isNew = true;
            MetricsPage added = create();
            _pages.Add(added);
            return added.TryJoin(form, scrape, answerAt) ?? throw new InvalidOperationException("A page that was just begun cannot be joined.");
        }
    }

    /// <summary>Forgets the pages that nobody may join any more.</summary>
    public void Tidy()
    {
        lock (_gate)
            _pages.RemoveAll(static page => !page.IsOpen);
    }
}
