# Push what another job has built, and put it into a folder to be served. Nothing of it is run, and of what it
# says nothing is believed.
#
#     bash .github/push.sh site.bundle folder
#
# GITHUB_REF is what was pushed: main makes dev, a tag v1.1 the version 1.1. Only commits that come after
# those that are there are taken, and only if they add no other version, leave each published release as it is,
# and hold plain files. stable/ must be the newest release.
set -euo pipefail

refuse() {
  echo "not published: $1" >&2
  exit 1
}

versions_in() {
  git ls-tree -d --name-only "$1" | grep -E '^[0-9]' || true
}

if [ ! -f "$1" ] || [ -L "$1" ]; then refuse "$1 is no file"; fi
new_version=
case "${GITHUB_REF:-}" in
  refs/tags/v*) new_version=${GITHUB_REF#refs/tags/v} ;;
esac

if [ -n "${GH_TOKEN:-}" ]; then
  # For GitHub alone, wherever a remote may lead.
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader"
  GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$GH_TOKEN" | base64 -w0)"
  export GIT_CONFIG_VALUE_0
fi

there=$(git ls-remote -q origin 'refs/heads/gh-pages' 'refs/tags/pages-*')
if grep -q refs/heads/gh-pages <<< "$there"; then
  git fetch -q --no-tags origin '+refs/heads/gh-pages:refs/remotes/origin/gh-pages'
elif [ -n "$there" ]; then
  refuse "gh-pages is gone, and tags of it are there"
fi
git for-each-ref --format='delete %(refname)' refs/built | git update-ref --stdin
git -c fetch.fsckObjects=true fetch -q --no-tags "$1" \
  '+refs/heads/gh-pages:refs/built/heads/gh-pages' '+refs/tags/*:refs/built/tags/*'

built=$(git rev-parse refs/built/heads/gh-pages)
old=$(git rev-parse -q --verify refs/remotes/origin/gh-pages || true)
odd=$(git ls-tree -r "$built" | grep -v '^100644 blob ' || true)
[ -z "$odd" ] || refuse "something in it is no plain file: ${odd%%$'\n'*}"
odd=$(git ls-tree -r --name-only "$built" | grep -E '(^|/)\.git' || true)
[ -z "$odd" ] || refuse "a file in it speaks to git: ${odd%%$'\n'*}"
if [ -n "$old" ]; then
  git merge-base --is-ancestor "$old" "$built" || refuse "gh-pages has moved meanwhile; run this again"
fi
for release in $( (versions_in "$built"; [ -z "$old" ] || versions_in "$old") | sort -u); do
  before=$([ -z "$old" ] || git rev-parse -q --verify "$old:$release" || true)
  after=$(git rev-parse -q --verify "$built:$release" || true)
  [ "$before" = "$after" ] || { [ -z "$before" ] && [ "$release" = "$new_version" ]; } ||
    refuse "release $release is published, and would be another; or it is not what was pushed"
done
newest=$(versions_in "$built" | grep -E '^[0-9.]+$' | sort -V | tail -1 || true)
if [ -n "$newest" ]; then
  odd=$(comm -23 <(git ls-tree -r "$built:$newest" | sort) <(git ls-tree -r "$built:stable" | sort))
  [ -z "$odd" ] || refuse "stable/ is not $newest: ${odd%%$'\n'*}"
fi

refs=("$built:refs/heads/gh-pages")
for tag in $(git for-each-ref --format='%(refname:lstrip=3)' refs/built/tags); do
  [ "$tag" = "pages-$new_version" ] || refuse "$tag is not the tag of what was pushed"
  [ "$(git rev-parse "refs/built/tags/$tag")" = "$built" ] || refuse "$tag is not at the end of gh-pages"
  refs+=("$built:refs/tags/$tag")
done
git push -q --atomic origin "${refs[@]}"

mkdir -p "$2"
git archive "$built" | tar -x -C "$2"
