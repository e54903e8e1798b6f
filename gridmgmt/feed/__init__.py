"""What happens to cases, told as it happens: to readers of the feed and to webhooks."""
