#include "control/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "control/data_directory.h"
#include "control/test_support.h"

namespace syncline::control {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() { open(); }
  void open() {
    store_.reset();
    auto opened = Store::open(folder_.file("state.db"));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  void put_source(const std::string& name) {
    SourceChange change;
    change.name = name;
    change.body = "{}";
    ASSERT_TRUE(store_->change_source(change).ok());
  }
  void remove_source(const std::string& name) {
    SourceChange change;
    change.name = name;
    change.retire_stored = true;
    ASSERT_TRUE(store_->change_source(change).ok());
  }
  std::vector<std::string> installed() const {
    std::vector<std::string> names;
    const auto sources = store_->sources();
    for (const auto& source : *sources) {
      if (source.installed) names.push_back(source.name);
    }
    const auto retired = store_->retired_sources();
    for (const auto& source : *retired) names.push_back(source.name);
    return names;
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, RemembersTheHistoryOfADatabase) {
  put_source("shop");
  EXPECT_FALSE(store_->history("shop").value());
  ASSERT_TRUE(store_->set_history("shop", {"7:1:5", 900, "abc", "def"}).ok());
  ASSERT_TRUE(store_->set_history("nope", {"7:1:5", 900, "", ""}).ok());
  open();
  put_source("shop");  // replaced
  const auto history = store_->history("shop").value();
  ASSERT_TRUE(history);
  EXPECT_EQ(history->identity, "7:1:5");
  EXPECT_EQ(history->xmax, 900);
  EXPECT_EQ(history->mark, "abc");
  EXPECT_EQ(history->next_mark, "def");
  EXPECT_FALSE(store_->history("nope").value());
}

TEST_F(StoreTest, KeepsEverythingOverReopening) {
  put_source("shop");
  ASSERT_TRUE(store_->put_target("search", "{\"t\":1}").ok());
  ASSERT_TRUE(store_->put_job("orders", "{\"j\":1}").ok());
  ASSERT_TRUE(store_->set_paused("orders", true).ok());
  ASSERT_TRUE(store_->set_resync_generation("orders", 7, true).ok());
  ASSERT_TRUE(store_->put_job("orders", "{\"j\":2}").ok());
  ASSERT_TRUE(store_->set_installed("shop").ok());
  const std::string id = store_->instance_id();
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  open();
  EXPECT_EQ(store_->instance_id(), id);
  const auto jobs = store_->jobs();
  ASSERT_EQ(jobs->size(), 1u);
  EXPECT_EQ(jobs->at(0).body, "{\"j\":2}");
  EXPECT_TRUE(jobs->at(0).paused);
  EXPECT_EQ(jobs->at(0).resync_generation, 7);
  EXPECT_EQ(jobs->at(0).take_over_generation, 7);
  EXPECT_EQ(store_->targets()->at(0).body, "{\"t\":1}");
  EXPECT_TRUE(store_->sources()->at(0).installed);
  ASSERT_TRUE(store_->remove_job("orders").ok());
  ASSERT_TRUE(store_->remove_target("search").ok());
  open();
  EXPECT_TRUE(store_->jobs()->empty());
  EXPECT_TRUE(store_->targets()->empty());
}

TEST_F(StoreTest, InstancesDiffer) {
  const auto other = Store::open(folder_.file("other.db"));
  ASSERT_TRUE(other.ok());
  EXPECT_NE(other.value()->instance_id(), store_->instance_id());
}

TEST_F(StoreTest, ADeletedSourceWithOurSchemaIsRetiredUntilItIsClean) {
  put_source("shop");
  ASSERT_TRUE(store_->set_installed("shop").ok());
  remove_source("shop");
  EXPECT_TRUE(store_->sources()->empty());
  EXPECT_THAT(installed(), testing::ElementsAre("shop#1"));
  // The same name again, installed and deleted again: two databases to clean.
  put_source("shop");
  ASSERT_TRUE(store_->set_installed("shop").ok());
  remove_source("shop");
  open();
  EXPECT_THAT(installed(), testing::ElementsAre("shop#1", "shop#2"));
  ASSERT_TRUE(store_->clear_installed("shop#1").ok());
  EXPECT_THAT(installed(), testing::ElementsAre("shop#2"));
}

TEST_F(StoreTest, ADeletedSourceWithoutOurSchemaIsForgotten) {
  put_source("shop");
  remove_source("shop");
  EXPECT_THAT(installed(), testing::IsEmpty());
}

TEST_F(StoreTest, AnInstallationThatEndsAfterTheDeletionIsNotForgotten) {
  put_source("shop");
  remove_source("shop");
  ASSERT_TRUE(store_->set_installed("shop").ok());
  EXPECT_THAT(installed(), testing::ElementsAre("shop#1"));
}

TEST_F(StoreTest, InstalledCanBeClearedAndKeptByTheHeir) {
  put_source("shop");
  put_source("twin");
  ASSERT_TRUE(store_->set_installed("shop").ok());
  ASSERT_TRUE(store_->clear_installed("shop").ok());
  EXPECT_THAT(installed(), testing::IsEmpty());
  ASSERT_TRUE(store_->set_installed("shop").ok());
  SourceChange change;
  change.name = "shop";
  change.retire_stored = true;
  change.heir = "twin";
  ASSERT_TRUE(store_->change_source(change).ok());
  EXPECT_THAT(installed(), testing::ElementsAre("twin"));
}

TEST_F(StoreTest, ASourceAbsorbsARetiredOne) {
  put_source("shop");
  ASSERT_TRUE(store_->set_installed("shop").ok());
  remove_source("shop");
  SourceChange change;
  change.name = "again";
  change.body = "{}";
  change.absorbed = {"shop#1"};
  ASSERT_TRUE(store_->change_source(change).ok());
  EXPECT_THAT(installed(), testing::ElementsAre("again"));
}

TEST_F(StoreTest, FilesArePrivate) {
  put_source("shop");
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    struct stat attributes {};
    ASSERT_EQ(::stat(file.path().c_str(), &attributes), 0);
    EXPECT_EQ(attributes.st_mode & 0777, 0600u) << file.path();
    ++files;
  }
  EXPECT_EQ(files, 3);  // with WAL and shared memory
}

TEST_F(StoreTest, TakesAFileOfAnEarlierVersion) {
  put_source("shop");
  ASSERT_TRUE(store_->set_history("shop", {"7:1:5", 900, "abc", "def"}).ok());
  store_.reset();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("state.db").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database,
                         "ALTER TABLE jobs DROP COLUMN take_over_generation;"
                         "ALTER TABLE sources DROP COLUMN mark;"
                         "ALTER TABLE sources DROP COLUMN next_mark;"
                         "ALTER TABLE sources ADD COLUMN pulse INTEGER NOT NULL DEFAULT 12;"
                         "PRAGMA user_version=3",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  open();
  const auto history = store_->history("shop").value();
  ASSERT_TRUE(history);
  EXPECT_EQ(history->identity, "7:1:5");
  EXPECT_EQ(history->xmax, 900);
  EXPECT_EQ(history->mark, "");
}

TEST_F(StoreTest, RefusesAFileOfANewerVersion) {
  store_.reset();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("state.db").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "PRAGMA user_version=99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  const auto opened = Store::open(folder_.file("state.db"));
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, testing::HasSubstr("newer version"));
}

TEST(DataDirectory, IsPrivateAndForOne) {
  TestFolder folder;
  const std::string path = folder.file("a/b/data");
  auto first = DataDirectory::open(path);
  ASSERT_TRUE(first.ok()) << first.error().message;
  struct stat attributes {};
  ASSERT_EQ(::stat(path.c_str(), &attributes), 0);
  EXPECT_EQ(attributes.st_mode & 0777, 0700u);
  EXPECT_EQ(first->file("x"), path + "/x");
  {
    const auto second = DataDirectory::open(path + "/");
    ASSERT_FALSE(second.ok());
    EXPECT_THAT(second.error().message, testing::HasSubstr("another Syncline"));
  }
}

TEST(DataDirectory, TheLockGoesWithTheObject) {
  TestFolder folder;
  { ASSERT_TRUE(DataDirectory::open(folder.file("data")).ok()); }
  EXPECT_TRUE(DataDirectory::open(folder.file("data")).ok());
  EXPECT_FALSE(DataDirectory::open("/proc/nowhere").ok());
}

}  // namespace
}  // namespace syncline::control
