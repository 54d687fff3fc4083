/**
 * Preloaded (`node --import`) into every process that the demo starts: it ends when the demo does, however that ends.
 * The demo holds the other end of stdin; the kernel closes it for a demo that was killed.
 */
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  process.stdin.on('end', stop).on('error', stop).resume()
  if ('unref' in process.stdin) process.stdin.unref()
}

function stop() {
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.exit(1), 7_000).unref()
}
