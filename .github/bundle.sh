# What a job that can't write has published on its own gh-pages, as a file: the new commits, and the tag
# of a release.
#
#     bash .github/bundle.sh site.bundle
set -euo pipefail

tags=$(git tag --list 'pages-*' --points-at gh-pages)
known=$(git rev-parse -q --verify refs/remotes/origin/gh-pages || true)
if [ "$known" = "$(git rev-parse gh-pages)" ]; then
  known= # nothing is new, and a bundle can't be empty
fi
# shellcheck disable=SC2086 # tags are words without blanks
git bundle create -q "$1" gh-pages $tags ${known:+^$known}
