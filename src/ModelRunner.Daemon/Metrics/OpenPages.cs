using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The pages that other scrapes can join. Thread-safe.</summary>
internal sealed class OpenPages
{
    private readonly Lock _lock = new();
    private readonly List<MetricsPage> _pages = [];

    /// <summary>Joins a page with the same content, or creates one, which the caller must fill.</summary>
    /// <param name="form">The form of the page.</param>
    /// <param name="scrape">The outcome of the scrape, which is the content of the page.</param>
    /// <param name="respondBy">The deadline for the first byte, as a timestamp of the time provider.</param>
    /// <param name="create">Creates a page.</param>
    /// <param name="isNew">Whether the page was created, so that the caller must fill it.</param>
    public PageReader Join(PageForm form, ScrapeResult scrape, long respondBy, Func<MetricsPage> create, out bool isNew)
    {
        lock (_lock)
        {
            _pages.RemoveAll(static page => !page.IsOpen);
            foreach (MetricsPage page in _pages)
            {
                isNew = false;
                if (page.TryJoin(form, scrape, respondBy) is { } reader)
                    return reader;
            }

            isNew = true;
            MetricsPage added = create();
            _pages.Add(added);
            return added.TryJoin(form, scrape, respondBy) ?? throw new InvalidOperationException("A new page cannot be joined.");
        }
    }

    /// <summary>Removes the pages that can no longer be joined.</summary>
    public void RemoveClosed()
    {
        lock (_lock)
            _pages.RemoveAll(static page => !page.IsOpen);
    }
}
